"""Orders as pages show them: plain values, no rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.actors import Actor
from accounts.permissions import Act
from accounts.words import in_words
from ledger.documents import attachments_of
from ledger.queries import Happening, history
from ledger.queries import in_words as act_in_words
from procurement.determinations.gp10 import notice
from procurement.licences import both_sides
from procurement.orders.addresses import address
from procurement.orders.blockers import Blocker, order_blockers
from procurement.orders.forms import SECTIONS, DocumentForm, ReasonForm, ReceiptForm, ReleaseForm, ResumeForm
from procurement.orders.models import Order, OrderLine
from procurement.orders.resuming import open_resumption
from procurement.orders.shipments import SHIPPING
from procurement.orders.states import OrderState
from procurement.parties.models import ScreeningState
from procurement.records import retention


def page(order: Order, actor: Actor, forms: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Everything on an order's page; ``forms`` holds those that came back with errors."""
    is_mine = order.team_id == actor.team.pk and actor.may(Act.PLACE_ORDER)
    is_draft = order.state == OrderState.DRAFT
    return {
        "order": order,
        "title": title_of(order),
        "facts": _facts(order),
        "lines": [_line(each) for each in order.lines.all()],
        "parties": _parties(order, actor),
        "documents": _documents(order),
        "licences": _licences(order, actor),
        "releases": [release for line in order.lines.all() for release in line.releases.all()],
        "receipts": order.receipts.all(),
        "tasks": tasks(order) if is_mine and is_draft else [],
        "blockers": _blockers(order, actor),
        "is_draft": is_draft,
        "may_edit": is_mine and is_draft,
        "may_attach": is_mine and order.state in (OrderState.DRAFT, OrderState.IN_REVIEW),
        "may_withdraw": is_mine and order.state in (OrderState.DRAFT, OrderState.IN_REVIEW, OrderState.STOPPED),
        "may_record_licence": actor.may(Act.RECORD_LICENCE) and order.state in SHIPPING,
        "entries": _history(order, actor),
        "gp10": notice(order.domestic_alternatives, *(line.chip.name for line in order.lines.all())),
        **_addresses(order, actor),
        **_forms(order, actor),
        "resumption": resumption_of(order, actor, forms or {}),
        **(forms or {}),
    }


def resumption_of(order: Order, actor: Actor, typed: Mapping[str, Any]) -> dict[str, Any] | None:
    """How a stopped order may go on, for those who see the review; the service decides again."""
    if order.state != OrderState.STOPPED or not actor.may(Act.SEE_REVIEW):
        return None
    waiting = open_resumption(order)
    is_proposer = waiting is not None and waiting.proposer_person_id == actor.person.pk
    may_act = actor.may(Act.DECIDE_HIT) and not actor.is_of(order.team_id)
    return {
        "waiting": waiting,
        "is_proposer": is_proposer,
        "may_act": may_act,
        "may_sign": may_act and waiting is not None and not is_proposer,
        "form": typed.get("resume_form") or ResumeForm(auto_id="id_resume_%s"),
        "withdraw_form": typed.get("withdraw_resume_form") or ResumeForm(auto_id="id_resume_withdraw_%s"),
    }


def title_of(order: Order) -> str:
    """What is ordered, for where."""
    units = ", ".join(f"{line.quantity} × {line.chip.name}" for line in order.lines.all())
    return _("%(units)s for %(site)s") % {"units": units or _("Order"), "site": order.site.name}


def tasks(order: Order) -> list[dict[str, Any]]:
    """The sections of a draft, each done or to do; handing in comes last and waits for the others."""
    missing: dict[str, list[str]] = {}
    for blocker in order_blockers(order):
        missing.setdefault(blocker.section, []).append(blocker.text)
    edit = reverse("orders:edit", args=[order.reference])
    sections = [
        {
            "name": label,
            "state": "todo" if key in missing else "done",
            "url": f"{edit}#{key}",
            "note": " ".join(missing.get(key, [])),
        }
        for key, (label, _form) in SECTIONS.items()
    ]
    detail = reverse("orders:detail", args=[order.reference])
    note = _("when nothing is left to do above") if missing else ""
    state = "blocked" if missing else "todo"
    return [*sections, {"name": _("Hand in"), "state": state, "url": f"{detail}#hand-in", "note": note}]


def _forms(order: Order, actor: Actor) -> dict[str, Any]:
    ships = order.state in SHIPPING
    return {
        "release_form": ReleaseForm(order=order) if ships and actor.may(Act.RELEASE_SHIPMENT) else None,
        "receipt_form": ReceiptForm(actor=actor, order=order) if actor.may(Act.RECORD_RECEIPT) else None,
        "retention": retention.shown(order, timezone.now().date(), actor) if order.state != OrderState.DRAFT else None,
        "allowed": _allowed(order) if ships else [],
        "withdraw_form": ReasonForm(),
        "document_form": DocumentForm(),
    }


def _addresses(order: Order, actor: Actor) -> dict[str, str]:
    sees_review = actor.may(Act.SEE_REVIEW)
    return {
        "chain_url": address("chain:order", order.pk),
        "standing_url": address("review:standing", "order", order.pk) if _sees_standing(order, actor) else "",
        "determinations_url": address("determinations:of_order", order.pk) if sees_review else "",
        "screening_url": address("screening:of", "order", order.pk) if sees_review else "",
        "licence_url": address("licences:new", order=order.reference),
        "flags_url": address("evidence:flags", order.pk) if sees_review and order.state != OrderState.DRAFT else "",
        "evidence_url": "" if order.state == OrderState.DRAFT else address("evidence:order", order.pk),
    }


def _sees_standing(order: Order, actor: Actor) -> bool:
    return actor.may(Act.SEE_REVIEW) or order.team_id == actor.team.pk


def _blockers(order: Order, actor: Actor) -> list[Blocker]:
    """Everything that blocks, for whoever may know: a team hears what is asked of it, never what screening says."""
    if order.state == OrderState.DRAFT or actor.may(Act.SEE_REVIEW):
        return order_blockers(order)
    return []


def _facts(order: Order) -> list[tuple[Any, Any]]:
    via = _(" through %(via)s") % {"via": order.via_country} if order.via_country else ""
    encryption = {None: _("not known yet"), True: _("yes"), False: _("no")}[order.has_encryption]
    return [
        (_("Demand"), _("%(ref)s: %(n)s wanted") % {"ref": order.demand.reference, "n": order.demand.quantity}),
        (_("Team"), str(order.team)),
        (_("Site"), f"{order.site.name}, {order.site.address} ({order.site.country})"),
        (_("Operator of the site"), order.site.operator.name),
        (_("Route"), f"{order.ship_from_country} → {order.site.country}{via}"),
        (_("Form"), _("in servers") if order.is_server else _("bare chips or cards")),
        (_("Encryption"), encryption),
        (_("End use"), in_words(order.end_use)),
        (_("Use case"), order.use_case),
        (_("Domestic alternatives"), order.domestic_alternatives),
    ]


def _line(line: OrderLine) -> dict[str, Any]:
    released = sum(release.quantity for release in line.releases.all())
    price = f"{line.unit_price:,} {line.currency}" if line.unit_price is not None else ""
    return {"chip": line.chip.name, "quantity": line.quantity, "price": price, "released": released}


def _parties(order: Order, actor: Actor) -> list[dict[str, Any]]:
    """Each party with its roles; what screening says of it is for those who may see screening."""
    roles: dict[Any, dict[str, Any]] = {}
    for each in order.parties.all():
        row = roles.setdefault(each.party_id, {"party": each.party, "roles": [], "screening": "", "url": ""})
        row["roles"].append(in_words(each.role))
    for row in roles.values():
        if actor.may(Act.SEE_SCREENING):
            row["screening"] = _screening_code(row["party"].screening_state)
            row["url"] = address("screening:party", row["party"].pk)
        else:
            row["screening"] = "in_review" if order.state == OrderState.IN_REVIEW else ""
            row["url"] = address("parties:detail", row["party"].pk)
    return list(roles.values())


def _screening_code(state: str) -> str:
    return {ScreeningState.MATCHED: "true_match", ScreeningState.NOT_SCREENED: "todo"}.get(ScreeningState(state), state)


def _documents(order: Order) -> list[dict[str, Any]]:
    return [
        {
            "name": each.title or each.filename,
            "url": reverse("orders:document", args=[order.reference, each.pk]),
            "size_bytes": each.document.size_bytes,
            "sha256": each.document.sha256,
            "at": each.attached_at,
        }
        for each in attachments_of(order)
    ]


def _licences(order: Order, actor: Actor) -> list[dict[str, Any]]:
    """Licences with their lines' balances; who holds the licences page gets the link."""
    linked = actor.may(Act.SEE_LICENCES)
    return [
        {
            "licence": licence,
            "side": in_words(licence.side),
            "url": reverse("licences:detail", args=[licence.reference]) if linked else "",
            "lines": licence.lines.all(),
        }
        for licence in order.licences.all()
    ]


def _allowed(order: Order) -> list[dict[str, Any]]:
    """What both sides allow of each order line today, and why it is not more."""
    return [{"of": each, "facts": _both_facts(each)} for each in both_sides.allowed(order, timezone.now().date())]


def _both_facts(each: both_sides.Allowed) -> list[tuple[Any, Any]]:
    uses = ", ".join(str(in_words(use)) for use in each.end_uses)
    return [
        (_("End uses in common"), uses),
        (_("Sites"), ", ".join(each.sites)),
        (_("End users"), ", ".join(each.end_users)),
        (_("Shipments until"), f"{each.ship_until:%d %b %Y}" if each.ship_until else ""),
        (_("Use until"), f"{each.use_until:%d %b %Y}" if each.use_until else ""),
    ]


def _history(order: Order, actor: Actor) -> list[Happening]:
    """What happened; why screening stopped it names list entries, which a team does not see."""
    entries = history(_subjects(order))
    if actor.may(Act.SEE_SCREENING):
        return entries
    withheld = {act_in_words("order.stopped"), act_in_words("order.resumed")}
    proposals = {act_in_words("order.resumption_proposed"), act_in_words("order.resumption_proposal_withdrawn")}
    entries = [each for each in entries if each.what not in proposals]
    return [replace(each, said="") if each.what in withheld else each for each in entries]


def _subjects(order: Order) -> list[tuple[str, Any]]:
    """What belongs to an order's history."""
    return [
        ("order", order.pk),
        ("demandassessment", order.demand_id),
        *[("determination", each.pk) for each in order.determinations.all()],
        *[("release", release.pk) for line in order.lines.all() for release in line.releases.all()],
        *[("receipt", each.pk) for each in order.receipts.all()],
        *[("licence", each.pk) for each in order.licences.all()],
    ]
