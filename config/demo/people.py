"""The demo's people and organisations. Everybody here is invented, and every name says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor, live_memberships
from accounts.models import Organisation, Team
from accounts.roles import Role
from accounts.services import enter_person, enter_team, join_team
from allocation.inventory.models import Device
from config.embedded.state import SetupFault, secret
from config.processes import DemoPeople, LocalHost, SignIn, is_enrolled
from procurement.catalog.services import load_catalog
from procurement.screening.health import list_health
from procurement.screening.list_services import Source, accept_old_list, load_list

DOMAIN: Final = "demo.example"
HOUSE_LIST: Final = Path(__file__).with_name("house_list.csv")
HOST_PREFIX: Final = "demo-host-"
CHIP_MODEL: Final = "H200 SXM"
REAL_LISTS: Final = ("csl_*.json", "UN_consolidated.xml")

OPERATOR: Final = "Writ Demo Operator (fictional)"
JADE: Final = "Jade Example Cloud (fictional)"
PROVINCE: Final = "Example Province Compute Centre (fictional)"
SUPPLIER: Final = "Northwind Example Silicon (fictional)"


@dataclass(frozen=True)
class Character:
    """One person of the demo."""

    key: str
    name: str
    organisation: str
    team: str
    role: Role
    who: str


CAST: Final = (
    Character("olivia", "Olivia Example", OPERATOR, "Compliance", Role.OFFICER, "compliance officer"),
    Character("bruno", "Bruno Example", OPERATOR, "Compliance", Role.OFFICER, "compliance officer"),
    Character("otto", "Otto Example", OPERATOR, "Operations", Role.OPERATOR, "operator of the hosts"),
    Character("audrey", "Audrey Example", OPERATOR, "Audit", Role.AUDITOR, "auditor (read only)"),
    Character("chen", "Chen Example 陈例", JADE, "Foundation models", Role.APPLICANT, "team of a cloud company"),
    Character("dong", "Dong Example 董例", PROVINCE, "Infrastructure", Role.APPLICANT, "team of a state-funded centre"),
    Character("lia", "Lia Example", SUPPLIER, "Sales", Role.LIAISON, "supplier's liaison"),
)


def email_of(key: str) -> str:
    """The address that a character signs in with."""
    return f"{key}@{DOMAIN}"


def seed() -> DemoPeople:
    """Make sure that the catalogue, the fictional house list and the people are there (idempotent).

    Raises:
        SetupFault: asked for in production, where invented people have no business.
    """
    if settings.IS_PRODUCTION:
        raise SetupFault("The demo's people are invented: `up` and `demo` do not run with WRIT_ENV=production.")
    load_catalog()
    load_list(actor=None, file=HOUSE_LIST, source=Source(code="house", is_fictional=True))
    password = secret("demo-password")
    for character in CAST:
        _enter(character, password)
    sign_ins = tuple(SignIn(email_of(each.key), password, f"{each.name}, {each.who}") for each in CAST)
    return DemoPeople(sign_ins=sign_ins, hosts=newest_host())


def load_real_lists(report: Callable[[str], None]) -> None:
    """Put the real lists into force where WRIT_DATA has them. They may be old, and every page then says so."""
    folder = Path(settings.WRIT_DATA) / "screening"
    for pattern in REAL_LISTS:
        for path in sorted(folder.glob(pattern))[-1:]:
            report(f"screening list {path.name} …")
            loaded = load_list(actor=None, file=path)
            report(
                f"screening list {path.name}: {loaded.snapshot.entry_count:,} parties of {loaded.snapshot.published_on}"
            )
    _accept_old_lists()


def _accept_old_lists() -> None:
    """The demo's lists may be old by design: its officer says so and lets the story go on, on record."""
    for each in list_health():
        if each.is_blocking:
            accept_old_list(
                actor=actor("olivia"),
                snapshot=each.snapshot,
                until=timezone.now().date() + timedelta(days=30),
                reason="The demo's lists are old by design; no decision here rests on them.",
            )


def _enter(character: Character, password: str) -> None:
    kind = Organisation.Kind.OPERATOR if character.organisation == OPERATOR else Organisation.Kind.CUSTOMER
    with transaction.atomic():
        user = enter_person(name=character.name, email=email_of(character.key), password=password)
        team = enter_team(organisation=character.organisation, team=character.team, kind=kind)
        join_team(person=user.person, team=team, role=character.role)


def actor(key: str) -> Actor:
    """A character, acting."""
    return Actor(live_memberships().get(person__accounts__email=email_of(key)))


def team_of(organisation: str) -> Team:
    """The first team of one of the demo's organisations."""
    return Team.objects.filter(organisation__name=organisation).order_by("name")[0]


def newest_host() -> tuple[LocalHost, ...]:
    """The host that the last run of the story enrolled, with the serials it stands for; none before the first."""
    device = (
        Device.objects.filter(host__name__startswith=HOST_PREFIX).select_related("host").order_by("-serial").first()
    )
    if device is None or device.host is None or not is_enrolled(device.host.name):
        return ()
    serials = tuple(device.host.devices.order_by("serial").values_list("serial", flat=True))
    return (LocalHost(device.host.name, emulate=len(serials), chip=CHIP_MODEL, serials=serials),)
