"""The links of both authorities' licences and of the devices bound to their lines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from allocation.chain.basis import Basis
from allocation.chain.chain import Link, Rest, earliest
from allocation.chain.links import LinkKind, LinkStatus
from allocation.chain.pages import page
from allocation.clock import end_of
from allocation.inventory.models import Device
from allocation.inventory.quarantine import is_passing
from allocation.inventory.states import DeviceState
from procurement.licences.models import (
    Condition,
    ConditionKind,
    LegalEffect,
    Licence,
    LicenceLine,
    Side,
)
from procurement.licences.queries import standing_act
from procurement.licences.states import LicenceState
from procurement.orders.models import OrderParty, PartyRole

DEFAULT_WINDOW_MS: Final = 60_000
_KINDS: Final = {Side.EXPORTER: LinkKind.EXPORTER_LICENCE, Side.IMPORTER: LinkKind.IMPORTER_LICENCE}
_LABELS: Final = {Side.EXPORTER: "Exporter's licence", Side.IMPORTER: "Importer's approval"}
_USERS: Final = (PartyRole.END_USER, PartyRole.ULTIMATE_CONSIGNEE)
Fault = tuple[str, LegalEffect]


def licence_link(basis: Basis, line: LicenceLine) -> Link:
    """A licence line of one side is live, and fits this use."""
    licence = next(each for each in basis.licences if each.pk == line.licence_id)
    side = Side(licence.side)
    found = _licence_fault(licence, basis.now) or _line_fault(basis, line) or _condition_fault(basis, licence)
    return Link(
        kind=_KINDS[side],
        label=_LABELS[side],
        reference=licence.reference,
        status=LinkStatus.BROKEN if found else LinkStatus.WHOLE,
        reason=found[0] if found else "",
        effect=found[1] if found else None,
        valid_until=earliest((_use_ends(line), *(_attested_ends(each) for each in licence.conditions.all()))),
        url=page("licences:detail", licence.pk),
        facts=_licence_facts(licence, line),
        rests=(
            Rest("licence", licence.pk, licence.reference, licence.version),
            Rest("licence_line", line.pk, f"{licence.reference} line {line.number}", line.version),
        ),
    )


def missing_licence_link(basis: Basis, side: Side) -> Link:
    """No licence of this side is recorded yet."""
    return Link(
        kind=_KINDS[side],
        label=_LABELS[side],
        reference="",
        status=LinkStatus.PENDING,
        reason=f"No licence of the {side}'s side covers {basis.order.reference}.",
        url=page("orders:detail", basis.order.pk),
    )


def device_link(basis: Basis) -> Link:
    """The devices are licensed, where they should be and in order; a job needs enough of them."""
    licensed = [device for device in basis.devices if device.exporter_line_id and device.importer_line_id]
    status, reason, effect = _devices_judged(basis, licensed)
    chosen = licensed if basis.needs else basis.devices
    return Link(
        kind=LinkKind.DEVICE,
        label="Devices",
        reference=_serials(chosen),
        status=status,
        reason=reason,
        effect=effect,
        url=page("inventory:devices"),
        facts={
            "licensed": len(licensed),
            "unlicensed": len(basis.devices) - len(licensed),
            "serials": [device.serial for device in chosen],
            "backends": sorted({device.backend for device in chosen if device.backend}),
            "hosts": sorted({device.host.name for device in chosen if device.host is not None}),
        },
        rests=tuple(Rest("device", device.pk, device.serial, device.version) for device in chosen),
    )


def _devices_judged(basis: Basis, licensed: list[Device]) -> tuple[LinkStatus, str, LegalEffect | None]:
    ready = [device for device in licensed if device.state == DeviceState.AVAILABLE]
    if basis.attempt is not None or not basis.needs:
        return _all_ready(basis, licensed)
    if len(ready) >= basis.needs:
        return LinkStatus.WHOLE, "", None
    able = [device for device in licensed if device in ready or is_passing(device)]
    if len(able) >= basis.needs:
        reason = f"{len(ready)} of the {basis.needs} devices asked for are ready: {_why(able)}"
        return LinkStatus.PENDING, reason, None
    reason = f"{len(able)} licensed devices can serve this filing; the job asks for {basis.needs}."
    return LinkStatus.BROKEN, f"{reason} {_why(licensed)}".strip(), LegalEffect.DRAIN


def _all_ready(basis: Basis, licensed: list[Device]) -> tuple[LinkStatus, str, LegalEffect | None]:
    out = [device for device in basis.devices if device.state != DeviceState.AVAILABLE]
    if not basis.devices:
        return LinkStatus.PENDING, "No device has been received yet.", None
    if not out:
        return LinkStatus.WHOLE, "", None
    if basis.attempt is None and len(out) < len(basis.devices):
        return LinkStatus.WHOLE, "", None
    if basis.attempt is None and all(is_passing(device) for device in out):
        return LinkStatus.PENDING, _why(out), None
    return LinkStatus.BROKEN, _why(out), LegalEffect.DRAIN


def _why(devices: Iterable[Device]) -> str:
    out = [each for each in devices if each.state != DeviceState.AVAILABLE]
    return "; ".join(f"{each.serial} is {each.state}: {each.quarantine_reason or 'retired'}" for each in out)[:300]


def _serials(devices: list[Device]) -> str:
    named = ", ".join(device.serial for device in devices[:4])
    return f"{named} and {len(devices) - 4} more" if len(devices) > 4 else named


def _licence_fault(licence: Licence, now: datetime) -> Fault | None:
    state = LicenceState(licence.state)
    if licence.valid_from > now.date():
        return f"It is valid from {licence.valid_from:%d %b %Y}.", LegalEffect.DRAIN
    match state:
        case LicenceState.ACTIVE:
            return None
        case LicenceState.DRAFT:
            return "It is a draft: nobody has activated it.", LegalEffect.DRAIN
        case LicenceState.SUSPENDED | LicenceState.REVOKED | LicenceState.EXPIRED:
            return _stopped(licence, state)


def _stopped(licence: Licence, state: LicenceState) -> Fault | None:
    """What a suspension, revocation or expiry does to use: what the act says, else it ends use."""
    act = standing_act(licence)
    effect = LegalEffect(act.effect) if act else LegalEffect.DRAIN
    if effect == LegalEffect.NO_NEW_SHIPMENTS:
        return None
    reason = f" {act.reason}" if act else ""
    return f"It is {state}.{reason}"[:400], effect


def _line_fault(basis: Basis, line: LicenceLine) -> Fault | None:
    if line.use_until is not None and basis.now >= end_of(line.use_until):
        return f"Its use ended on {line.use_until:%d %b %Y}.", LegalEffect.DRAIN
    wrong = next((each for each in _devices_of(basis, line.pk) if each.chip_id != line.chip_id), None)
    if wrong is not None:
        return f"It covers {line.chip}; {wrong.serial} is another chip.", LegalEffect.DRAIN
    end_use = basis.filing.end_use if basis.filing else basis.order.end_use
    if line.end_uses and end_use not in line.end_uses:
        allowed = ", ".join(str(each).replace("_", " ") for each in line.end_uses)
        return f"It allows {allowed}; this use is {end_use.replace('_', ' ')}.", LegalEffect.DRAIN
    users = OrderParty.objects.filter(order=basis.order, role__in=_USERS)
    if not users.filter(party=line.end_user_id).exists():
        return f"It names {line.end_user} as end user; the order names another.", LegalEffect.DRAIN
    return None


def _devices_of(basis: Basis, line_id: UUID) -> list[Device]:
    return [each for each in basis.devices if line_id in each.line_ids]


def _condition_fault(basis: Basis, licence: Licence) -> Fault | None:
    for condition in licence.conditions.all():
        fits = not condition.is_machine_checked or _is_kept(basis, licence, condition)
        if not fits:
            return f"Its condition is not kept: {condition.text}"[:300], LegalEffect.DRAIN
        if found := condition_fault(condition, basis.now):
            return found
    return None


def _is_kept(basis: Basis, licence: Licence, condition: Condition) -> bool:
    """Whether a machine-checked proviso holds for this use; its parameter is checked when it is recorded."""
    parameter = condition.parameter
    match ConditionKind(condition.kind):
        case ConditionKind.SITE:
            lines = {line.pk for line in basis.lines.values() if line.licence_id == licence.pk}
            bound = [device for device in basis.devices if device.line_ids & lines]
            return {str(device.site_id) for device in bound} <= {parameter.get("site")}
        case ConditionKind.END_USE:
            return (basis.filing.end_use if basis.filing else basis.order.end_use) in parameter.get("end_uses", [])
        case ConditionKind.END_USER:
            users = OrderParty.objects.filter(order=basis.order, role__in=_USERS)
            return parameter.get("end_user") in {str(pk) for pk in users.values_list("party_id", flat=True)}
        case _:
            return True


def condition_fault(condition: Condition, now: datetime) -> Fault | None:
    """Why a proviso that a person has to attest does not hold now; machine-checked ones are judged elsewhere."""
    if condition.is_machine_checked:
        return None
    if condition.attested_until is None:
        return f"Nobody has attested: {condition.text}"[:300], LegalEffect.NO_NEW_STARTS
    if now >= end_of(condition.attested_until):
        lapsed = f"The attestation lapsed on {condition.attested_until:%d %b %Y}: {condition.text}"
        return lapsed[:300], LegalEffect.DRAIN
    return None


def _use_ends(line: LicenceLine) -> datetime | None:
    return end_of(line.use_until) if line.use_until else None


def _attested_ends(condition: Condition) -> datetime | None:
    return end_of(condition.attested_until) if condition.attested_until else None


def _licence_facts(licence: Licence, line: LicenceLine) -> dict[str, object]:
    return {
        "authority": licence.authority,
        "number": licence.number,
        "state": licence.state,
        "line": line.number,
        "granted": line.granted,
        "drawn": line.drawn,
        "use_until": line.use_until.isoformat() if line.use_until else None,
    }


def window_ms_of(licence_ids: Iterable[UUID]) -> int:
    """The checkpoint window that the licences leave, in ms: the shortest that one of them names, else 60 s."""
    found = Condition.objects.filter(licence__in=list(licence_ids), kind=ConditionKind.CHECKPOINT_WINDOW_S)
    seconds = [int(each.parameter["seconds"]) for each in found if "seconds" in each.parameter]
    return min(seconds) * 1000 if seconds else DEFAULT_WINDOW_MS
