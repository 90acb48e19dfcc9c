"""What a host is told when it may not: each with its stable code."""

from __future__ import annotations

from ledger.errors import DomainError


class StaleToken(DomainError):
    """The attempt has ended, or never was this host's under this token."""

    code = "stale_token"


class ClaimedElsewhere(DomainError):
    """This host's place in the attempt was claimed with another nonce."""

    code = "claimed_elsewhere"


class ChainBroken(DomainError):
    """A link broke between the placing and the claim; nothing starts."""

    code = "chain_broken"


class TooMuch(DomainError):
    """A runner tells more than is kept. What is over is left out, for good; the attempt runs on."""

    code = "too_much"
    status = 429


class NotFromHost(DomainError):
    """The request does not come from an enrolled host, or came before."""

    code = "not_from_host"
    status = 401
