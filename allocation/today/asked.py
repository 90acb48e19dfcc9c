"""What asks somebody for an act: cases, questions, hits, licence acts, drafts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor
from allocation.chain.pages import page
from allocation.today.shown import Row, Section
from procurement.filings import queries as filings
from procurement.filings.states import FilingState
from procurement.licences.models import LicenceAct
from procurement.orders import queries as orders
from procurement.orders.states import OrderState
from procurement.review import queries as review
from procurement.review.models import Case, Question
from procurement.review.states import CaseState
from procurement.screening import queries as screening

SHOWN: Final = 8


def cases_due(actor: Actor) -> Section:
    """Cases under review, due first; what waits for the team stands last, since its clock is stopped."""
    cases = review.in_queue(actor, "open").exclude(state=CaseState.WAITING)
    rows = tuple(_case_row(case, actor) for case in cases[:SHOWN])
    title = gettext_lazy("Cases due")
    return Section("cases", title, "gavel", cases.count(), rows, page("review:queue"))


def _case_row(case: Case, actor: Actor) -> Row:
    note = _("Nobody holds it yet.")
    if case.assignee:
        is_mine = case.assignee.person_id == actor.person.pk
        note = _("You hold it.") if is_mine else _("%(name)s holds it.") % {"name": case.assignee.person.name}
    if case.state == CaseState.ADVISED:
        note = _("Advised; a second person countersigns or returns it.")
    return Row(
        case.title, page("review:case", case.pk), case.reference, case.state, note, case.due_at, case.opened_at,
        is_stopped=case.clock_stopped_at is not None,
    )  # fmt: skip


def answers_since_yesterday(actor: Actor, now: datetime) -> Section:
    """Questions that teams have answered in the last day, on cases still open."""
    answered = (
        Question.objects.filter(case__in=review.in_queue(actor, "open"), answered_at__gte=now - timedelta(days=1))
        .select_related("case", "answered_by__person")
        .order_by("-answered_at")
    )
    rows = tuple(
        Row(
            question.text, page("review:case", question.case_id), question.case.reference,
            note=question.answered_by.person.name if question.answered_by else "", at=question.answered_at,
        )
        for question in answered[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Answered since yesterday")
    return Section("answers", title, "message", answered.count(), rows, page("review:queue"), tone="info")


def hits_to_decide(actor: Actor) -> Section:
    """Possible matches that nobody has decided."""
    hits = screening.queue(actor)
    rows = tuple(
        Row(
            str(hit.party), page("screening:hit", hit.pk), state=hit.state, at=hit.found_at,
            note=_("like %(entry)s") % {"entry": hit.entry},
        )
        for hit in hits[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Hits to decide")
    return Section("hits", title, "user-search", hits.count(), rows, page("screening:queue"))


def licence_acts(actor: Actor) -> Section:
    """Proposed acts on licences that wait for a second person, other than one's own."""
    acts = (
        LicenceAct.objects.filter(in_effect_at=None, withdrawn_at=None, countersigner=None)
        .exclude(proposer_person=actor.person)
        .select_related("licence", "proposer_person")
    )
    rows = tuple(
        Row(
            f"{act.get_action_display()}: {act.licence.authority} {act.licence.number}",
            page("licences:detail", act.licence_id), act.licence.reference, act.licence.state,
            _("Proposed by %(name)s.") % {"name": act.proposer_person.name}, at=act.proposed_at,
        )
        for act in acts[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Licence acts that wait for a second person")
    return Section("acts", title, "certificate", acts.count(), rows, page("licences:list"))


def questions_to_the_team(actor: Actor) -> Section:
    """What officers have asked of the team; the clock stands still until it answers."""
    asked = (
        Question.objects.filter(case__applicant_team=actor.team, answered_at=None)
        .select_related("case")
        .order_by("asked_at")
    )
    rows = tuple(
        Row(question.text, _subject(question.case), question.case.reference, at=question.asked_at)
        for question in asked[:SHOWN]
    )
    return Section("questions", gettext_lazy("Asked of you"), "message-question", asked.count(), rows)


def _subject(case: Case) -> str:
    """The team's own page of what a case is about; there it answers."""
    if case.filing_id:
        return page("filings:detail", case.filing_id)
    return page("orders:detail", case.order_id) if case.order_id else ""


def orders_under_way(actor: Actor) -> Section:
    """The team's orders that are drafts, in review or stopped."""
    states = (OrderState.DRAFT, OrderState.IN_REVIEW, OrderState.STOPPED)
    found = orders.visible_to(actor).filter(state__in=states).select_related("site").order_by("-created_at")
    rows = tuple(
        Row(
            _("Order for %(site)s") % {"site": order.site.name}, page("orders:detail", order.pk), order.reference,
            order.state, _next_of_team(order.state), at=order.submitted_at or order.created_at,
        )
        for order in found[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Your orders under way")
    return Section("orders", title, "shopping-cart", found.count(), rows, page("orders:list"), tone="info")


def filings_under_way(actor: Actor) -> Section:
    """The team's filings that are drafts or in review."""
    states = (FilingState.DRAFT, FilingState.IN_REVIEW)
    found = filings.visible_to(actor).filter(state__in=states).order_by("-created_at")
    rows = tuple(
        Row(
            filing.title, page("filings:detail", filing.pk), filing.reference, filing.state,
            _next_of_team(filing.state), at=filing.submitted_at or filing.created_at,
        )
        for filing in found[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Your filings under way")
    return Section("filings", title, "file-text", found.count(), rows, page("filings:list"), tone="info")


def _next_of_team(state: str) -> str:
    """What happens next, as the team may know it."""
    match state:
        case "draft":
            return _("Not handed in yet: complete it and submit.")
        case "stopped":
            return _("Stopped; the page says why.")
        case _:
            return _("With the officers; you are told when something is asked.")


def orders_to_ship(actor: Actor) -> Section:
    """Approved orders that may be released or received."""
    found = orders.visible_to(actor).filter(state=OrderState.APPROVED).select_related("site")
    rows = tuple(
        Row(
            _("Order for %(site)s") % {"site": order.site.name}, page("orders:detail", order.pk), order.reference,
            order.state, at=order.submitted_at,
        )
        for order in found[:SHOWN]
    )  # fmt: skip
    title = gettext_lazy("Orders to ship")
    return Section("ship", title, "truck", found.count(), rows, page("orders:list"))
