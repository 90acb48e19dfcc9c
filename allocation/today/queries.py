"""The first page of each role: what needs somebody, what is due, what runs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from accounts.actors import Actor
from accounts.roles import Role
from allocation.chain.pages import page
from allocation.today import asked, certified, running, screened
from allocation.today.shown import Board, Door, Section

_DOORS: Final = (
    (_("A licence"), _("Each line, what was drawn, and every device under it"), "certificate", "licences:list"),
    (_("A device"), _("Its receipt, its licences, and every lease on it"), "cpu", "inventory:devices"),
    (_("A job"), _("The whole chain, from its GPU-seconds back to the demand"), "player-play", "jobs:list"),
    (_("A day"), _("Everything that was done, in the order in which it was sealed"), "history", "ledger:browse"),
    (
        _("The record itself"),
        _("Verify seals and heads, and see what was checked"),
        "shield-check",
        "ledger:verify",
    ),
)


def board_of(actor: Actor, *, now: datetime) -> Board:
    """Everything that the first page of ``actor`` shows, as of ``now``."""
    match actor.role:
        case Role.OFFICER:
            return Board(_of_officer(actor, now))
        case Role.APPLICANT:
            return Board(_of_applicant(actor, now))
        case Role.OPERATOR:
            return Board(_of_operator(actor, now))
        case Role.AUDITOR:
            return Board((running.open_incidents(actor), running.drains_under_way(actor)), _doors())
        case Role.LIAISON:
            return Board(_of_liaison(actor, now))


def _of_officer(actor: Actor, now: datetime) -> tuple[Section, ...]:
    return (
        asked.cases_due(actor),
        asked.hits_to_decide(actor),
        screened.lists_to_see_to(actor),
        asked.licence_acts(actor),
        certified.evidence_to_look_at(actor),
        certified.holds_to_lift(actor),
        certified.terms_to_sign(actor),
        asked.answers_since_yesterday(actor, now),
        running.open_incidents(actor),
        running.drains_under_way(actor),
        running.licences_to_watch(actor, now),
        running.jobs_now(actor),
    )


def _of_liaison(actor: Actor, now: datetime) -> tuple[Section, ...]:
    return (
        asked.orders_to_ship(actor),
        certified.evidence_to_file_anew(actor, now),
        running.licences_to_watch(actor, now),
    )


def _of_applicant(actor: Actor, now: datetime) -> tuple[Section, ...]:
    return (
        asked.questions_to_the_team(actor),
        certified.evidence_to_file_anew(actor, now),
        asked.orders_under_way(actor),
        asked.filings_under_way(actor),
        running.drains_under_way(actor),
        running.jobs_now(actor),
    )


def _of_operator(actor: Actor, now: datetime) -> tuple[Section, ...]:
    return (
        running.open_incidents(actor),
        running.silent_hosts(now),
        asked.orders_to_ship(actor),
        running.drains_under_way(actor),
        running.jobs_now(actor),
        running.devices_in_quarantine(),
        running.licences_to_watch(actor, now),
    )


def _doors() -> tuple[Door, ...]:
    found = (Door(title, words, icon, page(name)) for title, words, icon, name in _DOORS)
    return tuple(door for door in found if door.url)
