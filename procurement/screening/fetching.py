"""A list from its official address: fetched whole into a private folder, then loaded as any file is."""

from __future__ import annotations

import http.client
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import IO

import structlog
from django.conf import settings

from accounts.actors import Actor
from accounts.permissions import Act
from ledger.errors import DomainError, InvalidInput
from procurement.screening.list_services import LoadedList, Source, load_list, tell_unreachable
from procurement.screening.rescreening import Progress, quietly

MAX_BYTES = 1 << 30
CHUNK = 1 << 20
TIMEOUT_S = 60
AGENT = "Writ screening lists"
_log = structlog.get_logger(__name__)


class Unreachable(DomainError):
    """A list that could not be had from its address; the one in force stays."""

    code = "list_unreachable"
    status = 502


@dataclass(frozen=True)
class Fetched:
    """What came of one source: what was loaded, or why nothing was."""

    code: str
    url: str
    loaded: LoadedList | None = None
    refusal: DomainError | None = None


@dataclass(frozen=True)
class _Download:
    path: Path
    published_on: date | None


def official_addresses() -> dict[str, str]:
    """The address of each source, as ``WRIT_LIST_SOURCES`` says (code=address, separated by spaces)."""
    told: dict[str, str] = getattr(settings, "WRIT_LIST_SOURCES", {})
    return told


def fetch_lists(*, actor: Actor | None, only: str = "", progress: Progress = quietly) -> list[Fetched]:
    """Fetch every list from its official address, or one of them, and load what came.

    A source that fails does not keep the others back; what became of each stands on record.

    Raises:
        InvalidInput: no source of that code, or none at all.
    """
    if actor is not None:
        actor.require(Act.LOAD_LIST)
    addresses = official_addresses()
    if only and only not in addresses:
        raise InvalidInput(f"No address is set for {only!r}; known: {', '.join(sorted(addresses)) or 'none'}.")
    wanted = {only: addresses[only]} if only else addresses
    if not wanted:
        raise InvalidInput("No list has an address: set WRIT_LIST_SOURCES.")
    return [_fetch(actor, code, url, progress) for code, url in wanted.items()]


def _fetch(actor: Actor | None, code: str, url: str, progress: Progress) -> Fetched:
    try:
        with _downloaded(url) as got:
            source = Source(code=code, origin=url, is_fetched=True, published_on=got.published_on)
            loaded = load_list(actor=actor, file=got.path, source=source, progress=progress)
            return Fetched(code, url, loaded=loaded)
    except Unreachable as fault:
        tell_unreachable(code=code, url=url, reason=fault.message)
        _log.warning("screening.list_unreachable", source=code, reason=fault.message)
        return Fetched(code, url, refusal=fault)
    except DomainError as refusal:
        return Fetched(code, url, refusal=refusal)


@contextmanager
def _downloaded(url: str) -> Iterator[_Download]:
    """The file behind an address, whole, in a private folder that is gone afterwards.

    Raises:
        Unreachable: no answer, another answer than the file, or less of it than was announced.
    """
    _check(url)
    with tempfile.TemporaryDirectory(prefix="writ-list-") as folder:
        path = Path(folder) / (Path(urllib.parse.urlsplit(url).path).name[:100] or "list")
        request = urllib.request.Request(url, headers={"User-Agent": AGENT, "Accept-Encoding": "identity"})
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer, path.open("wb") as file:
                _copy(answer, file, answer.headers.get("Content-Length"))
                published_on = _day(answer.headers.get("Last-Modified"))
        except urllib.error.HTTPError as fault:
            raise Unreachable(f"{url} answers {fault.code} {fault.reason}.") from fault
        except (OSError, http.client.HTTPException) as fault:
            raise Unreachable(f"{url} cannot be reached: {fault}.") from fault
        yield _Download(path, published_on)


def _check(url: str) -> None:
    """Only https; plain http to this machine alone, where a mirror may stand."""
    parts = urllib.parse.urlsplit(url)
    is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise Unreachable(f"{url} is no https address: a list is not fetched over an open line.")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """An address may move, to another https address."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:  # fmt: skip
        """The request to follow.

        Raises:
            Unreachable: it leads to an address that lists are not fetched from.
        """
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_SafeRedirects)


def _copy(answer: IO[bytes], file: IO[bytes], announced: str | None) -> None:
    size = 0
    while chunk := answer.read(CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise Unreachable(f"The file is larger than {MAX_BYTES:,} bytes.")
        file.write(chunk)
    if announced is not None and announced.isdigit() and int(announced) != size:
        raise Unreachable(f"{int(announced):,} bytes were announced and {size:,} came: cut off on the way.")


def _day(header: str | None) -> date | None:
    """The day a server says the file was changed, for lists that carry no date."""
    if not header:
        return None
    try:
        return parsedate_to_datetime(header).date()
    except (TypeError, ValueError):
        return None
