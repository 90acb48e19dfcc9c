"""The host-facing interface ``/host/v1/…``: JSON in, JSON out, every request signed by its host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import DataError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from allocation.clock import database_now
from allocation.dispatch import claims, renewals, reports
from allocation.dispatch.bells import queue_of
from allocation.dispatch.doorkeeper import bell_url
from allocation.dispatch.keys import warrant_keys
from allocation.dispatch.queries import bells_of
from allocation.dispatch.signed import host_of, new_host_sequence
from allocation.inventory.enrolment import enrol_host
from allocation.inventory.models import Host
from allocation.inventory.reports import receive_report
from gpu_runtime.protocol import MessageMalformed, as_json, parse_json
from gpu_runtime.protocol.messages import (
    MAX_BODY_BYTES,
    CheckpointRequest,
    ClaimRequest,
    EndRequest,
    EnrolAnswer,
    EnrolRequest,
    ErrorAnswer,
    MetricsRequest,
    PollAnswer,
    PollRequest,
    RenewAnswer,
    RenewRequest,
    ReportAnswer,
    ReportRequest,
)
from ledger.errors import DomainError

Message = TypeVar("Message")
View = Callable[[HttpRequest], JsonResponse]


def _answered(act: Callable[[HttpRequest], dict[str, Any]]) -> View:
    """Size-bounds the body, and turns refusals into their code and sentence."""

    def view(request: HttpRequest) -> JsonResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return _refused("too_large", f"A request has {MAX_BODY_BYTES} bytes at most.", 413)
        try:
            return JsonResponse(act(request))
        except MessageMalformed as error:
            return _refused(error.code, str(error), 422)
        except DataError as error:
            return _refused("malformed", f"A value cannot be stored: {str(error).splitlines()[0]}", 422)
        except UnicodeEncodeError:
            return _refused("malformed", "A text holds half of a character.", 422)
        except DomainError as error:
            return _refused(error.code, error.message, error.status)

    view.__name__ = view.__qualname__ = getattr(act, "__name__", "view")
    return csrf_exempt(require_POST(view))


def _refused(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse(as_json(ErrorAnswer(code, message)), status=status)


def _from_host(cls: type[Message]) -> Callable[[Callable[[Host, Message], dict[str, Any]]], View]:
    """A view of one message: first whose it is, then what it says, then the act."""

    def wrap(act: Callable[[Host, Message], dict[str, Any]]) -> View:
        def answer(request: HttpRequest) -> dict[str, Any]:
            host = host_of(request)
            return act(host, parse_json(cls, request.body))

        answer.__name__ = act.__name__
        return _answered(answer)

    return wrap


@_answered
def enrol(request: HttpRequest) -> dict[str, Any]:
    """A new host presents its code and its key, and learns whose warrants it obeys."""
    message = parse_json(EnrolRequest, request.body)
    sequence = new_host_sequence(request, message.public_key)
    enrolled = enrol_host(request=message, sequence=sequence)
    report = ReportRequest(boot_id="", isolation=message.isolation, devices=message.devices, attempts=())
    receive_report(host=enrolled.host, report=report)
    answer = EnrolAnswer(
        host_id=str(enrolled.host.pk),
        site=enrolled.site.name,
        queue=queue_of(enrolled.host.pk),
        warrant_keys=warrant_keys(),
        renew_interval_ms=settings.WRIT_RENEW_MS,
        ttl_ms=settings.WRIT_TTL_MS,
        grace_ms=settings.WRIT_GRACE_MS,
        margin_ms=settings.WRIT_MARGIN_MS,
        bell_url=bell_url(enrolled.host.pk),
    )
    return as_json(answer)


@_from_host(ReportRequest)
def report(host: Host, message: ReportRequest) -> dict[str, Any]:
    """The host's devices and attempts as they are now."""
    receive_report(host=host, report=message)
    return as_json(ReportAnswer(server_time=database_now().isoformat()))


@_from_host(PollRequest)
def poll(host: Host, message: PollRequest) -> dict[str, Any]:
    """Which bells the host may have missed."""
    return as_json(PollAnswer(bells=bells_of(host)))


@_from_host(ClaimRequest)
def claim(host: Host, message: ClaimRequest) -> dict[str, Any]:
    """A guard claims an attempt, and gets its warrant."""
    return claims.claim_attempt(host=host, request=message)


@_from_host(RenewRequest)
def renew(host: Host, message: RenewRequest) -> dict[str, Any]:
    """All attempts of the host ask to go on."""
    return as_json(RenewAnswer(answers=renewals.renew_attempts(host=host, request=message)))


@_from_host(MetricsRequest)
def metrics(host: Host, message: MetricsRequest) -> dict[str, Any]:
    """Metrics lines and a piece of log."""
    reports.take_metrics(host=host, request=message)
    return {}


@_from_host(CheckpointRequest)
def checkpoint(host: Host, message: CheckpointRequest) -> dict[str, Any]:
    """A whole checkpoint was written."""
    reports.take_checkpoint(host=host, request=message)
    return {}


@_from_host(EndRequest)
def end(host: Host, message: EndRequest) -> dict[str, Any]:
    """An attempt is over and none of its processes is left."""
    reports.take_end(host=host, request=message)
    return {}
