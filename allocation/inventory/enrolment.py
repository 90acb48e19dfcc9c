"""How a host comes to be known: a one-time code, then its own key."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.permissions import Act
from allocation.clock import database_now
from allocation.inventory.models import EnrolmentCode, Host
from allocation.inventory.states import HostState
from gpu_runtime.protocol import KeyUnusable, parse_public_key
from gpu_runtime.protocol.messages import EnrolRequest
from ledger.errors import ComplianceRefusal, InvalidInput
from ledger.services import record
from procurement.parties.models import Site

CODE_LIVES: Final = timedelta(hours=24)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")


@dataclass(frozen=True)
class Enrolled:
    """A host that is known from now on."""

    host: Host
    site: Site


def create_enrolment_code(*, actor: Actor, site: Site) -> str:
    """A code with which one host may enrol at a site, once, within a day. It is shown once; its hash is kept."""
    actor.require(Act.ENROL_HOST)
    if site.is_closed:
        raise ComplianceRefusal(f"{site.name} is closed; no host can enrol there.")
    code = secrets.token_hex(24)  # it is typed after an option, and must not begin with a dash
    with transaction.atomic():
        row = EnrolmentCode.objects.create(
            code_sha256=_hashed(code), site=site, created_by=actor.membership, expires_at=database_now() + CODE_LIVES
        )
        record("enrolment_code.created", row, actor=actor, facts={"site": site.name})
    return code


def enrol_host(*, request: EnrolRequest, sequence: int) -> Enrolled:
    """Take in a host by its code; the caller has checked that the request is signed by the key it brings.

    The host that used a code may ask again under a higher sequence: its first answer may have been lost on the way.

    Raises:
        ComplianceRefusal: the code is unknown, used or expired.
        InvalidInput: the name or key is not usable, or already taken.
    """
    _check(request)
    with transaction.atomic():
        code = EnrolmentCode.objects.select_for_update().filter(code_sha256=_hashed(request.code)).first()
        known = _known(code, request, sequence)
        if known is not None:
            return known
        if code is None or code.used_at is not None or code.expires_at <= database_now():
            raise ComplianceRefusal("This enrolment code is unknown, used or expired; ask an operator for a new one.")
        host = _insert(request, code, sequence)
        EnrolmentCode.objects.filter(pk=code.pk).update(used_at=Now(), host=host)
        facts = {"site": code.site.name, "name": host.name, "isolation": request.isolation}
        record("host.enrolled", host, facts=facts)
    return Enrolled(host, code.site)


def _known(code: EnrolmentCode | None, request: EnrolRequest, sequence: int) -> Enrolled | None:
    """The host that this very key enrolled by this code, where the request is newer than all that it sent."""
    if code is None or code.host_id is None:
        return None
    mine = Host.objects.filter(pk=code.host_id, public_key=request.public_key, name=request.name)
    if not mine.filter(sequence__lt=sequence).exclude(state=HostState.RETIRED).update(sequence=sequence):
        return None
    return Enrolled(mine.get(), code.site)


def _insert(request: EnrolRequest, code: EnrolmentCode, sequence: int) -> Host:
    try:
        with transaction.atomic():
            return Host.objects.create(
                name=request.name,
                site=code.site,
                public_key=request.public_key,
                sequence=sequence,
                isolation=request.isolation[:60],
                agent_version=request.agent_version[:40],
            )
    except IntegrityError as error:
        raise InvalidInput("A host of this name or key is enrolled already.", field="name") from error


def _check(request: EnrolRequest) -> None:
    if not _NAME.fullmatch(request.name):
        raise InvalidInput("A host's name has letters, digits, dots and dashes, 100 at most.", field="name")
    try:
        parse_public_key(request.public_key)
    except KeyUnusable as error:
        raise InvalidInput(str(error), field="public_key") from error


def _hashed(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
