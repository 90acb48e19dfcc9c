"""What certifications and the keeping of records ask of somebody: pieces to look at or file anew, holds to lift."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from allocation.chain.pages import page
from allocation.today.shown import Row, Section
from procurement.evidence import queries as evidence
from procurement.evidence.models import Evidence
from procurement.evidence.states import EvidenceState
from procurement.records import queries as records
from procurement.records.models import LegalHold
from procurement.records.shown import in_words

SHOWN: Final = 8


def evidence_to_look_at(actor: Actor) -> Section:
    """Filed pieces that wait for an officer, oldest first."""
    found = evidence.to_look_at(actor)
    rows = tuple(
        Row(
            _title(row), page("evidence:order", row.order_id), row.order.reference, row.state,
            _("Filed by %(who)s.") % {"who": row.filer_team}, at=row.filed_at,
        )
        for row in _with_order(found)[:SHOWN]
    )  # fmt: skip
    return Section("evidence", gettext_lazy("Evidence to look at"), "file-text", found.count(), rows)


def evidence_to_file_anew(actor: Actor, now: datetime) -> Section:
    """Pieces of one's own side that came back, or that count no more."""
    found = evidence.to_file_anew(actor, now.date())
    rows = tuple(_own_row(row) for row in _with_order(found)[:SHOWN])
    return Section("anew", gettext_lazy("Evidence to file anew"), "file-text", found.count(), rows)


def _own_row(row: Evidence) -> Row:
    url, reference = page("evidence:order", row.order_id), row.order.reference
    if row.state == EvidenceState.RETURNED:
        return Row(_title(row), url, reference, row.state, row.reason, at=row.decided_at)
    ended = _("It counted until %(day)s.") % {"day": f"{row.valid_until:%d %b %Y}"}
    return Row(_title(row), url, reference, "lapsed", ended)


def holds_to_lift(actor: Actor) -> Section:
    """Legal holds that another officer proposed to lift, and whose records are not those of one's own side."""
    found = records.to_countersign(actor)
    rows = tuple(_hold_row(hold) for hold in records.detailed(found)[:SHOWN])
    title = gettext_lazy("Legal holds to lift that wait for a second person")
    return Section("holds", title, "lock", found.count(), rows)


def terms_to_sign(actor: Actor) -> Section:
    """Shorter record terms of licences that another officer proposed."""
    found = records.terms_to_countersign(actor)
    rows = tuple(
        Row(
            f"{term.licence.authority} {term.licence.number}: {in_words(term)}",
            f"{page('licences:detail', term.licence_id)}#records", term.licence.reference, term.licence.state,
            _("Proposed by %(name)s.") % {"name": term.proposer_person.name}, at=term.proposed_at,
        )
        for term in found[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Shorter record terms that wait for a second person")
    return Section("terms", title, "certificate", found.count(), rows)


def _hold_row(hold: LegalHold) -> Row:
    kept = records.kept_by(hold)
    who = hold.proposer_person.name if hold.proposer_person else ""
    note = _("Proposed by %(name)s.") % {"name": who}
    return Row(hold.matter, page("records:of", kept.kind, kept.row.pk), hold.reference, hold.state, note,
               at=hold.proposed_at)  # fmt: skip


def _title(row: Evidence) -> str:
    chip = f" ({row.line.chip.name})" if row.line else ""
    return f"{row.certification}{chip}: {row.piece}"


def _with_order(rows: QuerySet[Evidence]) -> QuerySet[Evidence]:
    return rows.select_related("order", "line__chip", "filer_team__organisation")
