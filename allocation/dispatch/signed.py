"""Who speaks: a host's signature, and a sequence number that rises in one SQL statement."""

from __future__ import annotations

import uuid
from typing import Final

from django.db import connection
from django.http import HttpRequest

from allocation.dispatch.refusals import NotFromHost
from allocation.inventory.models import Host
from gpu_runtime.protocol import RequestRefused, parse_public_key, read_signed_headers, verify_request

# Two copies of one request cannot both raise the number.
RAISE: Final = """
UPDATE allocation_host SET sequence = %(sequence)s, last_seen_at = now()
WHERE id = %(host)s AND sequence < %(sequence)s AND state <> 'retired'
"""


def host_of(request: HttpRequest) -> Host:
    """The enrolled host that signed this request, and has not sent it before.

    Raises:
        NotFromHost: unknown or retired host, bad signature, or a sequence that was used.
    """
    try:
        claimed = read_signed_headers(request.headers)
        host = _enrolled(claimed.host_id)
        if host is None:
            raise NotFromHost("This host is not enrolled.")
        signed = verify_request(
            method=request.method or "",
            path=request.path,
            headers=request.headers,
            body=request.body,
            public_key=parse_public_key(host.public_key),
            last_sequence=0,
        )
    except RequestRefused as error:
        raise NotFromHost(str(error)) from error
    _raise_sequence(host, signed.sequence)
    return host


def _enrolled(host_id: str) -> Host | None:
    try:
        return Host.objects.filter(pk=uuid.UUID(host_id)).first()
    except ValueError:
        return None


def new_host_sequence(request: HttpRequest, public_key: str) -> int:
    """The sequence of an enrolment, which is signed with the very key that it brings.

    Raises:
        NotFromHost: the signature is not that key's.
    """
    try:
        return verify_request(
            method=request.method or "",
            path=request.path,
            headers=request.headers,
            body=request.body,
            public_key=parse_public_key(public_key),
            last_sequence=0,
        ).sequence
    except (RequestRefused, ValueError) as error:
        raise NotFromHost(str(error)) from error


def _raise_sequence(host: Host, sequence: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RAISE, {"host": host.pk, "sequence": sequence})
        if cursor.rowcount != 1:
            raise NotFromHost(f"Sequence {sequence} was used, or the host is retired.")
