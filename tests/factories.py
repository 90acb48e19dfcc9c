"""Rows to test with: plain functions that write straight to the database, each with what it needs.

They skip the services on purpose (a test of one act should not depend on every act before it), so
they may set a state. Names and references are numbered, so that nothing collides.
"""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.actors import Actor
from accounts.models import Membership, Organisation, Person, Team, User
from accounts.roles import Role
from procurement.catalog.models import ChipFigure, ChipModel
from procurement.filings.models import Filing
from procurement.filings.states import FilingState
from procurement.licences.models import Condition, ConditionKind, Licence, LicenceLine, Side
from procurement.licences.states import LicenceState
from procurement.orders.models import (
    DemandAssessment,
    EndUse,
    Order,
    OrderLine,
    OrderParty,
    PartyRole,
    Receipt,
    ReceiptItem,
)
from procurement.orders.states import OrderState
from procurement.parties.models import BuyerClass, Party, ScreeningState, Site

_numbers = itertools.count(1)


def number() -> int:
    """A number that no other row of this process has."""
    return next(_numbers)


def today() -> date:
    """The date now, in UTC."""
    return timezone.now().date()


# --- People ---
def make_person(name: str = "") -> Person:
    """A natural person."""
    return Person.objects.create(name=name or f"Person {number()}")


def make_organisation(name: str = "", **fields: Any) -> Organisation:
    """An organisation that uses the instance."""
    return Organisation.objects.create(name=name or f"Organisation {number()}", **fields)


def make_team(name: str = "", *, organisation: Organisation | None = None) -> Team:
    """A team, of a new organisation unless one is given."""
    organisation = organisation or make_organisation()
    return Team.objects.create(organisation=organisation, name=name or f"Team {number()}")


def make_membership(
    role: Role | str, *, person: Person | None = None, team: Team | None = None, **fields: Any
) -> Membership:
    """A live membership in ``role``, begun yesterday."""
    fields.setdefault("starts_at", timezone.now() - timedelta(days=1))
    return Membership.objects.create(
        role=str(role), person=person or make_person(), team=team or make_team(), **fields
    )


def make_actor(role: Role | str, *, person: Person | None = None, team: Team | None = None) -> Actor:
    """Somebody who acts in ``role``."""
    return Actor(make_membership(role, person=person, team=team))


def make_officer(*, person: Person | None = None, team: Team | None = None) -> Actor:
    """A compliance officer, in a team of their own unless one is given."""
    return make_actor(Role.OFFICER, person=person, team=team)


def make_applicant(*, person: Person | None = None, team: Team | None = None) -> Actor:
    """Somebody of a team that orders, files and submits."""
    return make_actor(Role.APPLICANT, person=person, team=team)


def make_operator(*, person: Person | None = None, team: Team | None = None) -> Actor:
    """Somebody who runs hosts and takes in devices."""
    return make_actor(Role.OPERATOR, person=person, team=team)


def make_auditor() -> Actor:
    """Somebody who only reads."""
    return make_actor(Role.AUDITOR)


def make_liaison() -> Actor:
    """The supplier's liaison."""
    return make_actor(Role.LIAISON)


def make_user(person: Person | None = None, *, email: str = "", password: str = "a long pass phrase") -> User:
    """An account that can sign in."""
    return User.objects.create_user(email or f"user{number()}@example.org", person or make_person(), password)


# --- What is bought ---
_CHIPS: dict[str, tuple[str, tuple[tuple[str, int, str], ...], str, str]] = {
    # slug: name, ((precision, bits, dense tera-operations a second), ...), memory GB, DRAM bandwidth GB/s
    "h200-sxm": ("NVIDIA H200 SXM", (("fp16", 16, "989.5"), ("fp8", 8, "1979")), "141", "4800"),
    "h20": ("NVIDIA H20", (("fp16", 16, "148"), ("fp8", 8, "296")), "96", "4000"),
}


def make_chip(slug: str = "h200-sxm", **fields: Any) -> ChipModel:
    """A chip model with its published figures (H200 SXM unless told); the same row if it is there already."""
    known = ChipModel.objects.filter(slug=slug).first()
    if known:
        return known
    name, figures, memory_gb, bandwidth = _CHIPS.get(slug, (f"Chip {slug}", (), "80", "2000"))
    values: dict[str, Any] = {
        "name": name, "vendor": "NVIDIA", "vendor_country": "US", "is_data_centre": True,
        "was_us_commercial_on_2026_01_15": True, "die_area_mm2": Decimal("814"), "is_non_planar": True,
        "memory_gb": Decimal(memory_gb), "dram_bandwidth_gb_s": Decimal(bandwidth),
        "interconnect_gb_s": Decimal("900"), "tdp_w": 700, "source": "the maker's data sheet",
    }  # fmt: skip
    chip = ChipModel.objects.create(slug=slug, **{**values, **fields})
    for precision, bits, rate in figures:
        ChipFigure.objects.create(
            chip=chip, precision=precision, bit_length=bits, dense_tera_ops=Decimal(rate), source="data sheet"
        )
    return chip


def make_party(name: str = "", **fields: Any) -> Party:
    """A legal entity in China, private and screened clear, unless told."""
    values: dict[str, Any] = {
        "country": "CN", "hq_country": "CN", "ultimate_parent_country": "CN",
        "buyer_class": BuyerClass.PRIVATE, "screening_state": ScreeningState.CLEAR,
    }  # fmt: skip
    return Party.objects.create(name=name or f"Party {number()} Co., Ltd.", **{**values, **fields})


def make_site(name: str = "", *, operator: Party | None = None, **fields: Any) -> Site:
    """A site in China, without state funding unless told."""
    operator = operator or make_party()
    values: dict[str, Any] = {
        "address": "1 Example Road, Shanghai", "country": "CN", "state_funding_percent": Decimal(0),
        "completion_percent": Decimal(100), "power_kw": 2_000,
    }  # fmt: skip
    return Site.objects.create(name=name or f"Site {number()}", operator=operator, **{**values, **fields})


def make_demand(
    *, applicant: Actor | None = None, chip: ChipModel | None = None, **fields: Any
) -> DemandAssessment:
    """A stated demand for 8 units over the coming year."""
    applicant = applicant or make_applicant()
    values: dict[str, Any] = {
        "reference": f"DEM-T-{number():05d}", "team": applicant.team, "stated_by": applicant.membership,
        "chip": chip or make_chip(), "quantity": 8, "needed_from": today(),
        "needed_until": today() + timedelta(days=365), "purpose": "Training of language models",
    }  # fmt: skip
    return DemandAssessment.objects.create(**{**values, **fields})


def make_order(
    *, applicant: Actor | None = None, chip: ChipModel | None = None, quantity: int = 8, **fields: Any
) -> Order:
    """A complete order of 8 H200, approved unless told, with its line and parties.

    The end user is the site's operator; the exporter and the purchaser are parties of their own.
    """
    applicant = applicant or make_applicant()
    chip = chip or make_chip()
    site = fields.pop("site", None) or make_site()
    values: dict[str, Any] = {
        "reference": f"ORD-T-{number():05d}", "team": applicant.team, "applicant": applicant.membership,
        "site": site, "end_use": EndUse.TRAINING,
        "use_case": "Trains language models for the operator's customers.",
        "domestic_alternatives": "Ascend 910C was tried and lacks the operators that the models need.",
        "state": OrderState.APPROVED, "submitted_at": timezone.now(), "has_encryption": False,
    }  # fmt: skip
    if "demand" not in fields:
        fields["demand"] = make_demand(applicant=applicant, chip=chip, quantity=quantity)
    order = Order.objects.create(**{**values, **fields})
    OrderLine.objects.create(order=order, chip=chip, quantity=quantity)
    _give_parties(order, site.operator)
    return order


def _give_parties(order: Order, end_user: Party) -> None:
    in_us = {"country": "US", "hq_country": "US", "ultimate_parent_country": "US"}
    exporter = make_party(f"Exporter {number()} Inc.", **in_us)
    roles = {
        PartyRole.EXPORTER: exporter, PartyRole.PURCHASER: end_user,
        PartyRole.ULTIMATE_CONSIGNEE: end_user, PartyRole.END_USER: end_user,
    }  # fmt: skip
    for role, party in roles.items():
        OrderParty.objects.create(order=order, party=party, role=role)


def end_user_of(order: Order) -> Party:
    """The party that is the order's end user."""
    return order.parties.get(role=PartyRole.END_USER).party


# --- What authorities granted ---
def make_licence(side: Side | str, order: Order, *, granted: int = 8, line: dict[str, Any] | None = None,
                 **fields: Any) -> Licence:  # fmt: skip
    """An active licence of one side for the order's chip, site, end user and end use, with one line.

    Args:
        granted: units of the line.
        line: other values of the line (``ship_until``, ``use_until``, ``site``, ``drawn`` ...).
    """
    authorities = {Side.EXPORTER: "US BIS", Side.IMPORTER: "PRC MIIT"}
    values: dict[str, Any] = {
        "reference": f"LIC-T-{number():05d}", "side": side, "authority": authorities[Side(side)],
        "number": f"N-{number()}", "order": order, "holder": end_user_of(order),
        "issued_on": today() - timedelta(days=10), "valid_from": today() - timedelta(days=10),
        "state": LicenceState.ACTIVE,
        "recorded_by": fields.pop("recorded_by", None) or make_officer().membership,
    }  # fmt: skip
    licence = Licence.objects.create(**{**values, **fields})
    make_licence_line(licence, granted=granted, **(line or {}))
    return licence


def make_licence_line(licence: Licence, *, granted: int = 8, **fields: Any) -> LicenceLine:
    """One line of a licence, for its order's chip, site, end user and end use."""
    order = licence.order
    values: dict[str, Any] = {
        "number": licence.lines.count() + 1, "chip": order.lines.get().chip, "site": order.site,
        "end_user": end_user_of(order), "end_uses": [order.end_use],
        "ship_until": today() + timedelta(days=180), "use_until": today() + timedelta(days=365),
    }  # fmt: skip
    return LicenceLine.objects.create(licence=licence, granted=granted, **{**values, **fields})


def make_both_licences(order: Order, *, exporter: int = 8, importer: int = 8) -> tuple[Licence, Licence]:
    """A live licence of each side."""
    exporter_side = make_licence(Side.EXPORTER, order, granted=exporter)
    return exporter_side, make_licence(Side.IMPORTER, order, granted=importer)


def make_condition(licence: Licence, kind: ConditionKind | str, **parameter: Any) -> Condition:
    """A machine-checked condition of a licence."""
    return Condition.objects.create(
        licence=licence, kind=kind, parameter=parameter, text=f"Condition: {kind}", is_machine_checked=True
    )


def make_receipt(order: Order, serials: list[str], *, exporter: Licence | None = None,
                 importer: Licence | None = None, operator: Actor | None = None) -> Receipt:  # fmt: skip
    """Received serials, bound to line 1 of both licences where both are given (balances drawn)."""
    receipt = Receipt.objects.create(
        reference=f"REC-T-{number():05d}", order=order, site=order.site, received_on=today(),
        recorded_by=(operator or make_operator()).membership,
    )  # fmt: skip
    lines = [licence.lines.get(number=1) for licence in (exporter, importer) if licence]
    both = {"exporter_line": lines[0], "importer_line": lines[1]} if len(lines) == 2 else {}
    for serial in serials:
        item = ReceiptItem.objects.create(receipt=receipt, chip=order.lines.get().chip, serial=serial, **both)
        for line in both.values():
            line.drawn += 1
            line.save(update_fields=["drawn"])
            line.draws.create(item=item)
    return receipt


def draw_on(licence: Licence, receipt: Receipt, *serials: str) -> None:
    """Bind received serials (all unless named) to line 1 of one more authority's licence."""
    line = licence.lines.get(number=1)
    for item in receipt.items.filter(serial__in=serials) if serials else receipt.items.all():
        line.draws.create(item=item)
        line.drawn += 1
    line.save(update_fields=["drawn"])


# --- What it is used for ---
def make_filing(order: Order | None = None, *, applicant: Actor | None = None, **fields: Any) -> Filing:
    """An approved use-case filing on an order, for the team that ordered unless told."""
    order = order or make_order()
    applicant = applicant or Actor(order.applicant)
    values: dict[str, Any] = {
        "reference": f"FIL-T-{number():05d}", "team": applicant.team, "applicant": applicant.membership,
        "chip": order.lines.get().chip, "title": "Language model training", "end_use": order.end_use,
        "description": "A byte-level language model.", "model_name": "bytes-1", "model_parameters": 1_000_000,
        "training_tokens": 20_000_000, "max_devices": 4, "requested_ms": 100 * 3_600_000,
        "starts_on": today() - timedelta(days=1), "ends_on": today() + timedelta(days=90),
        "state": FilingState.APPROVED, "submitted_at": timezone.now(),
    }  # fmt: skip
    return Filing.objects.create(order=order, **{**values, **fields})
