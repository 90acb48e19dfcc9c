"""Where outgoing mail is handed over: one URL, read once."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


@dataclass(frozen=True)
class MailServer:
    """A server that takes mail; without one, mail is written to the terminal, which is for one's own machine alone."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False

    @property
    def backend(self) -> str:
        """Django's name of what sends."""
        return f"django.core.mail.backends.{'smtp' if self.host else 'console'}.EmailBackend"


def read_mail_url(url: str) -> MailServer:
    """Read ``smtps://user:password@host:465``; also ``smtp+starttls://`` and, on one's own network, ``smtp://``.

    Raises:
        ValueError: it is none of these; the message says what one looks like.
    """
    if not url:
        return MailServer()
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("WRIT_MAIL_URL looks like smtps://user:password@mail.example:465 (or smtp+starttls, smtp).")
    return MailServer(
        host=parts.hostname,
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        starttls=parts.scheme == "smtp+starttls",
        tls=parts.scheme == "smtps",
    )
