"""Refusals in the domain's own words; one place (``config.errors``) maps them to HTTP and exit codes."""

from __future__ import annotations


class DomainError(Exception):
    """An act that cannot be done: what happened, which limit, what to do next.

    Attributes:
        code: stable, machine-readable.
        status: the HTTP status that fits.
        blockers: further reasons, where there is more than one.
    """

    code = "refused"
    status = 409

    def __init__(self, message: str, *, blockers: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.blockers = blockers


class NotPermitted(DomainError):
    """The person's role does not allow the act."""

    code = "not_permitted"
    status = 403


class InvalidInput(DomainError):
    """Something that was typed or sent does not fit; ``field`` names it."""

    code = "invalid_input"
    status = 422

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class ComplianceRefusal(DomainError):
    """An act that a rule, a licence or a missing approval forbids."""

    code = "refused_by_compliance"
    status = 409


class Overtaken(DomainError):
    """Somebody else acted first; the message says who, and the new state."""

    code = "overtaken"
    status = 409
