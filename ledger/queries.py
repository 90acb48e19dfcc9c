"""Reading the record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.models import Person
from accounts.permissions import Act
from ledger.models import Entry, Head, Pseudonym


def entries(actor: Actor) -> QuerySet[Entry]:
    """All rows with their seals, newest first, for those who may see the ledger."""
    actor.require(Act.SEE_LEDGER)
    return Entry.objects.select_related("seal").order_by("-at", "-id")


def last_head() -> Head | None:
    """The newest signed head."""
    return Head.objects.order_by("-size").first()


def names_of(pseudonyms: Iterable[str]) -> dict[str, str]:
    """The names behind pseudonyms, where they have not been erased."""
    known = dict(Pseudonym.objects.filter(pseudonym__in=set(pseudonyms)).values_list("person_id", "pseudonym"))
    people = Person.objects.in_bulk(list(known))
    return {pseudonym: people[person].name for person, pseudonym in known.items() if person in people}


@dataclass(frozen=True)
class Happening:
    """One line of an object's history."""

    at: Any
    who: str
    what: str
    said: str = ""


def history(subjects: Iterable[tuple[str, Any]], *, limit: int = 200) -> list[Happening]:
    """What happened to some things, newest first.

    Args:
        subjects: (model name, primary key) of each.
        limit: at most so many rows.
    """
    wanted = {(kind, str(pk)) for kind, pk in subjects}
    found = Entry.objects.filter(
        subject_kind__in={kind for kind, _ in wanted}, subject_id__in={pk for _, pk in wanted}
    ).order_by("-at", "-id")
    rows = [row for row in found if (row.subject_kind, row.subject_id) in wanted][:limit]
    names = names_of(row.actor for row in rows if row.actor)
    return [_happening(row, names) for row in rows]


def _happening(row: Entry, names: dict[str, str]) -> Happening:
    who = names.get(row.actor, "A person whose data was erased") if row.actor else "Writ"
    return Happening(at=row.at, who=who, what=in_words(row.act), said=str(row.facts.get("reason", "") or ""))


def in_words(act: str) -> str:
    """``licence.suspended`` as words: "Licence suspended"."""
    return act.replace(".", " ").replace("_", " ").capitalize()
