"""One instance with a row for every address: what the owning team has, and a second team that must not see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.test import Client

from accounts.actors import Actor
from accounts.services import issue_token
from allocation.inventory.incidents import open_incident
from allocation.inventory.models import IncidentKind
from ledger.documents import Upload, attachments_of, store_document
from ledger.models import Entry
from procurement.determinations.ad_hoc import read_question
from procurement.determinations.services import determine_ad_hoc, determine_order
from procurement.evidence.services import Submission, file_evidence
from procurement.filings.models import Filing, RemoteUser
from procurement.filings.states import FilingState
from procurement.orders.states import OrderState
from procurement.records.services import Matter, place_hold
from procurement.records.terms import Term, state_term
from procurement.review import services as review
from procurement.review.models import Decision
from procurement.review.states import CaseKind
from procurement.screening.batch_services import ask_batch
from procurement.screening.list_services import Source, load_list
from procurement.screening.loaders import house_csv
from procurement.screening.models import AdHocSearch
from procurement.screening.services import screen_party
from tests import factories as make
from tests.integration.allocation.worlds import device_of, make_world

ROLES = ("owner", "stranger", "officer", "operator", "auditor", "liaison")
UNKNOWN = "00000000-0000-7000-8000-000000000000"


class AccessWorld:
    """Everybody signed in and with a token, and the objects that addresses name."""

    def __init__(self, folder: Path) -> None:
        made = make_world(Client(), devices=1)
        self.host = made.add_host().row
        stranger = make.make_applicant()
        self.people: dict[str, Actor] = {
            "owner": made.team, "stranger": stranger, "officer": made.officer, "operator": made.operator,
            "auditor": make.make_auditor(), "liaison": make.make_liaison(),
        }  # fmt: skip
        self.approved = Decision.objects.get(pk=made.grant.decision_id)
        self.further = self.approved.conditions.create(
            kind="other", text="Only at night.", is_machine_checked=False, attested_by=made.officer.membership,
            attested_until=make.today(),
        )  # fmt: skip
        self.order, self.licence, self.filing = made.order, made.exporter, made.filing
        self.job = made.place().job
        self.device = device_of(self.job.attempts.get())
        self._draft()
        self._review(made.team)
        self._screen(folder, made.officer)
        self._papers(made.team, made.officer)
        self.users = {role: make.make_user(actor.person) for role, actor in self.people.items()}
        self.tokens = {
            role: issue_token(user=user, membership=self.people[role].membership, label="t")
            for role, user in self.users.items()
        }
        self.token = self.users["owner"].api_tokens.get()
        self.clients = {role: self._client(role) for role in ROLES}
        self.incident = open_incident(
            kind=IncidentKind.UNKNOWN_DEVICE, title="A strange device", subject="SN-X", host=self.host
        )
        self.entry = Entry.objects.all()[0]

    def _client(self, role: str) -> Client:
        client = Client()
        client.force_login(self.users[role])
        return client

    def _draft(self) -> None:
        owner = self.people["owner"]
        self.draft = make.make_order(applicant=owner, state=OrderState.DRAFT, submitted_at=None)
        self.draft_filing: Filing = make.make_filing(self.order, applicant=owner, state=FilingState.DRAFT)
        self.remote_user = RemoteUser.objects.create(
            filing=self.draft_filing, party=make.make_party(), purpose="Evaluates the model."
        )

    def _review(self, owner: Actor) -> None:
        matter = review.Matter(kind=CaseKind.ORDER, title="An order", order=self.order)
        self.case = review.open_case(actor=owner, matter=matter, applicant=self.order.applicant)

    def _screen(self, folder: Path, officer: Actor) -> None:
        rows = "".join(f"Invented House Number {n} (demo),,SG,entity,review,Invented.\n" for n in range(40))
        path = folder / "house.csv"
        path.write_text(",".join(house_csv.COLUMNS) + "\n" + rows)
        self.list = load_list(actor=None, file=path, source=Source(is_fictional=True)).snapshot
        self.batch = ask_batch(actor=officer, file_name="a.csv", content=b"name\nInvented\n", purpose="test")
        self.party = make.make_party("Invented House Number 7 (demo)")
        screen_party(actor=officer, party=self.party, purpose="test")
        self.hit = self.party.hits.first()
        assert self.hit is not None
        self.search = AdHocSearch.objects.create(
            membership=officer.membership, name="Invented", purpose="test", hit_count=0
        )

    def _papers(self, owner: Actor, officer: Actor) -> None:
        text = Upload(name="paper.txt", content=b"A paper.\n")
        self.order_paper = store_document(actor=owner, subject=self.order, upload=text)
        self.licence_paper = store_document(actor=officer, subject=self.licence, upload=text)
        self.condition = make.make_condition(self.licence, "other")
        self.determined = make.make_order(applicant=owner)
        self.determination = determine_order(actor=officer, order=self.determined)[0]
        attested = Submission("C3", "attestation of foundry allocation", statement="As attested.", upload=text)
        self.evidence = file_evidence(actor=owner, order=self.determined, submission=attested)
        self.evidence_paper = attachments_of(self.evidence)[0]
        ((self.question, _answer),) = determine_ad_hoc(
            actor=officer, asked=[read_question({"chip": "h200-sxm", "to": "CN", "from": "US"})], purpose="test"
        )
        self.hold = place_hold(
            actor=officer, kind="order", subject_id=self.determined.pk, matter=Matter("Letter.", "A request.")
        )
        for years in (9, 7):
            state_term(actor=officer, licence=self.licence, term=Term(years), reason="As its paper says.")
        proposed = {
            "proposer": officer.membership, "proposer_person": officer.person, "proposer_team": officer.team,
        }  # fmt: skip
        self.filing.acts.create(action="revoke", reason="Letter.", **proposed)
        self.determined.resumptions.create(reason="Released.", **proposed)
        self.act = self.licence.acts.create(
            action="revoke", effect="drain", reason="Letter.", proposer=officer.membership,
            proposer_person=officer.person, proposer_team=officer.team,
        )  # fmt: skip

    def arguments(self, name: str) -> dict[str, Any]:
        """The keyword arguments of an address: every id is one of the owning team's objects."""
        given: dict[str, dict[str, Any]] = {
            "metering:month": {"month": "2026-11"},
            "catalog:chip": {"slug": "h200-sxm"},
            "licences:document": {"attachment_id": self.licence_paper.pk},
            "orders:document": {"attachment_id": self.order_paper.pk},
            "determinations:of_order": {"order_id": self.determined.pk},
            "determinations:again": {"order_id": self.determined.pk},
            "determinations:compare": {"order_id": self.determined.pk},
            "evidence:order": {"order_id": self.determined.pk},
            "evidence:file": {"order_id": self.determined.pk, "piece": "C3-0-0"},
            "api:file_evidence": {"order_id": self.determined.pk},
            "evidence:document": {"attachment_id": self.evidence_paper.pk},
            "orders:edit": {"key": self.draft.reference},
            "filings:edit": {"filing_id": self.draft_filing.pk},
            "filings:remote_users": {"filing_id": self.draft_filing.pk},
            "filings:remove_remote_user": {"filing_id": self.draft_filing.pk},
            "api:submit_order": {"order_id": self.draft.pk},
            "api:withdraw_order": {"order_id": self.draft.pk},
            "api:submit_filing": {"filing_id": self.draft_filing.pk},
            "api:withdraw_filing": {"filing_id": self.draft_filing.pk},
            "review:attest": {"case_id": self.approved.case_id, "condition_id": self.further.pk},
            "orders:countersign_resume": {"key": self.determined.reference},
            "orders:withdraw_resume": {"key": self.determined.reference},
            "chain:order": {"subject_id": self.order.pk},
            "chain:filing": {"subject_id": self.filing.pk},
            "chain:licence": {"subject_id": self.licence.pk},
            "chain:device": {"subject_id": self.device.pk},
            "chain:job": {"subject_id": self.job.pk},
            "account_confirm_email": {"key": "no-such-key"},
            "account_reset_password_from_key": {"uidb36": "1", "key": "no-such-key"},
        }
        return {**self._usual(name), **given.get(name, {})}

    def _usual(self, name: str) -> dict[str, Any]:
        keyed = {"orders": self.order, "licences": self.licence}.get(name.partition(":")[0])
        return {
            "key": keyed.reference if keyed else "", "order_id": self.order.pk, "filing_id": self.filing.pk,
            "licence_id": self.licence.pk, "act_id": self.act.pk, "condition_id": self.condition.pk,
            "case_id": self.case.pk, "job_id": self.job.pk, "device_id": self.device.pk, "entry_id": self.entry.pk,
            "determination_id": self.determination.pk, "question_id": self.question.pk, "hit_id": self.hit.pk,
            "snapshot_id": self.list.pk, "batch_id": self.batch.pk,
            "search_id": self.search.pk, "party_id": self.party.pk, "kind": "order", "subject_id": self.order.pk,
            "user_id": self.remote_user.pk, "evidence_id": self.evidence.pk, "hold_id": self.hold.pk, "code": "RF01",
            "host_id": self.host.pk, "incident_id": self.incident.pk, "person_id": self.people["owner"].person.pk,
            "membership_id": self.people["owner"].membership.pk, "token_id": self.token.pk,
        }  # fmt: skip
