"""Every act on parties and sites: register, name, record who owns whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.permissions import Act
from accounts.roles import Role
from ledger.errors import InvalidInput, NotPermitted
from ledger.services import record
from procurement.parties.models import BuyerClass, Ownership, Party, PartyName, ScreeningState, Site
from procurement.parties.queries import parties_visible_to
from procurement.regimes.geography import countries
from procurement.screening.services import screen_changed

_REGISTER: Final = (Act.PLACE_ORDER, Act.REVIEW_CASE, Act.ENROL_HOST)


@dataclass(frozen=True)
class PartyFacts:
    """What is known of a party. Countries are ISO 3166 two-letter codes; an empty one is not known."""

    name: str
    country: str
    kind: str = "company"
    hq_country: str = ""
    ultimate_parent_country: str = ""
    address: str = ""
    registration_number: str = ""
    buyer_class: BuyerClass = BuyerClass.UNKNOWN


@dataclass(frozen=True)
class SiteFacts:
    """What is known of a site. Percentages are 0 to 100; ``None`` is not known."""

    name: str
    operator: Party
    address: str
    country: str
    state_funding_percent: Decimal | None = None
    completion_percent: Decimal | None = None
    power_kw: int | None = None


def register_party(*, actor: Actor, facts: PartyFacts) -> Party:
    """Enter a party: a team's own entry is seen by that team and by staff; staff fill the common directory.

    Raises:
        InvalidInput: no name, or a country that ISO 3166 has no code for.
    """
    with transaction.atomic():
        _require_any(actor, _REGISTER)
        _check_party(facts)
        party = Party.objects.create(**vars(facts), team=_team_of(actor))
        record("party.registered", party, actor=actor, facts=_party_facts(party))
    return party


def add_name(*, actor: Actor, party: Party, name: str, kind: str = "alias") -> PartyName:
    """Enter another name of a party; it is screened again where it was screened before."""
    with transaction.atomic():
        _require_any(actor, _REGISTER)
        visible = parties_visible_to(actor).get(pk=party.pk)
        current = Party.objects.select_for_update().get(pk=visible.pk)
        added = PartyName.objects.create(party=current, name=_said(name, "name", 300), kind=kind[:20])
        _ask_for_screening(current)
        record("party.name_added", current, actor=actor, facts={"kind": added.kind})
        screen_changed(actor=actor, party=current, why="Name added")
    return added


def record_ownership(*, actor: Actor, owner: Party, owned: Party, share_percent: Decimal | None,
                     starts_on: date | None = None) -> Ownership:  # fmt: skip
    """Record a direct share; ``None`` says that the share is not known, which blocks where it matters.

    The owned party is screened again, with its owners; its version rises, so that what runs is judged anew.

    Raises:
        InvalidInput: a party that owns itself, or a share that is not above 0 and at most 100 %.
        Party.DoesNotExist: a party that the actor does not see.
    """
    with transaction.atomic():
        _require_any(actor, _REGISTER)
        if owner.pk == owned.pk:
            raise InvalidInput("A party cannot own itself.", field="owner")
        if share_percent is not None and not Decimal(0) < share_percent <= Decimal(100):
            raise InvalidInput("A share is above 0 and at most 100 percent.", field="share_percent")
        for each in (owner, owned):
            parties_visible_to(actor).get(pk=each.pk)
        current = Party.objects.select_for_update().get(pk=owned.pk)
        held = Ownership.objects.create(owner=owner, owned=current, share_percent=share_percent, starts_on=starts_on)
        _ask_for_screening(current)
        share = None if share_percent is None else str(share_percent)
        record("party.ownership_recorded", current, actor=actor, facts={"owner": str(owner.pk), "share": share})
        screen_changed(actor=actor, party=current, why="Owner recorded")
    return held


def change_party(*, actor: Actor, party: Party, facts: PartyFacts) -> Party:
    """Correct what is known of a party; a name it no longer bears stays with it as a former one, and is screened too.

    Raises:
        InvalidInput: no name, or a country that ISO 3166 has no code for.
        Party.DoesNotExist: a party that the actor does not see.
        NotPermitted: a party that the actor's team did not register.
    """
    with transaction.atomic():
        _require_any(actor, _REGISTER)
        _check_party(facts)
        visible = parties_visible_to(actor).get(pk=party.pk)
        current = Party.objects.select_for_update().get(pk=visible.pk)
        if actor.role == Role.APPLICANT and current.team_id != actor.team.pk:
            raise NotPermitted("Only the team that registered this party changes it, or the compliance office.")
        changed = sorted(name for name, value in vars(facts).items() if getattr(current, name) != value)
        if not changed:
            return current
        if "name" in changed and not current.names.filter(name=current.name).exists():
            PartyName.objects.create(party=current, name=current.name, kind="former")
        for name in changed:
            setattr(current, name, getattr(facts, name))
        current.save(update_fields=changed)
        _ask_for_screening(current)
        record("party.changed", current, actor=actor, facts={"fields": changed})
        screen_changed(actor=actor, party=current, why="Facts changed")
    return current


def end_ownership(*, actor: Actor, ownership_id: int, ends_on: date) -> Ownership:
    """Record the last day before which a share was held; the owned party is screened again without that owner.

    Raises:
        InvalidInput: it ends before it began.
        Ownership.DoesNotExist: not a share in a party that the actor sees.
    """
    with transaction.atomic():
        _require_any(actor, _REGISTER)
        held = Ownership.objects.get(pk=ownership_id, owned__in=parties_visible_to(actor), ends_on=None)
        current = Party.objects.select_for_update().get(pk=held.owned_id)
        if actor.role == Role.APPLICANT and current.team_id != actor.team.pk:
            raise NotPermitted("Only the team that registered this party ends a share in it, or the compliance office.")
        if held.starts_on is not None and ends_on <= held.starts_on:
            raise InvalidInput("A share ends after it began.", field="ends_on")
        held.ends_on = ends_on
        held.save(update_fields=["ends_on"])
        _ask_for_screening(current)
        record("party.ownership_ended", current, actor=actor, facts={"owner": str(held.owner_id), "on": str(ends_on)})
        screen_changed(actor=actor, party=current, why="Owner ended")
    return held


def register_site(*, actor: Actor, facts: SiteFacts) -> Site:
    """Enter a site; its operator is screened with every order that names it.

    Raises:
        InvalidInput: a name in use, no address, a country that is not a code, a percentage out of range.
    """
    with transaction.atomic():
        _require_any(actor, _REGISTER)
        _check_site(facts, _team_of(actor))
        site = Site.objects.create(**vars(facts), team=_team_of(actor))
        record("site.registered", site, actor=actor, facts={"name": site.name, "country": site.country})
    return site


def _ask_for_screening(party: Party) -> None:
    """What was said of the party no longer covers it; a confirmed match stands until two officers release it."""
    if party.screening_state in (ScreeningState.CLEAR, ScreeningState.UNDECIDED):
        party.screening_state = ScreeningState.NOT_SCREENED
        party.save(update_fields=["screening_state"])


def _require_any(actor: Actor, acts: tuple[Act, ...]) -> None:
    actor.require(next((act for act in acts if actor.may(act)), acts[0]))


def _team_of(actor: Actor) -> Team | None:
    return actor.team if actor.role == Role.APPLICANT else None


def _check_party(facts: PartyFacts) -> None:
    _said(facts.name, "name", 300)
    _check_country(facts.country, "country")
    for field in ("hq_country", "ultimate_parent_country"):
        if getattr(facts, field):
            _check_country(getattr(facts, field), field)


def _check_site(facts: SiteFacts, team: Team | None) -> None:
    _said(facts.name, "name", 200)
    _said(facts.address, "address", 500)
    _check_country(facts.country, "country")
    for field in ("state_funding_percent", "completion_percent"):
        share: Decimal | None = getattr(facts, field)
        if share is not None and not Decimal(0) <= share <= Decimal(100):
            raise InvalidInput("A percentage lies between 0 and 100.", field=field)
    # Only among the team's own, or a refusal would tell one team what another builds.
    if Site.objects.filter(team=team, name__iexact=facts.name.strip()).exists():
        raise InvalidInput(f"A site is called {facts.name.strip()} already; choose another name.", field="name")


def _check_country(code: str, field: str) -> None:
    if code not in countries():
        raise InvalidInput(f"{code or 'Nothing'} is not a country code of ISO 3166, such as CN.", field=field)


def _said(text: str, field: str, limit: int) -> str:
    said = text.strip()
    if not said:
        raise InvalidInput(f"Please fill in the {field}.", field=field)
    if len(said) > limit:
        raise InvalidInput(f"The {field} is {len(said)} characters long; the limit is {limit}.", field=field)
    return said


def _party_facts(party: Party) -> dict[str, Any]:
    """Without the name of a natural person: personal data stays out of the ledger."""
    named = {} if party.kind == "person" else {"name": party.name}
    return {**named, "kind": party.kind, "country": party.country, "buyer_class": party.buyer_class}
