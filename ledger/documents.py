"""Stored documents: by the SHA-256 of their bytes, outside the web root, checked for size and kind."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import filetype
from django.conf import settings
from django.db import connection, models

from ledger.errors import DomainError, InvalidInput
from ledger.models import Attachment, Document
from ledger.services import record

if TYPE_CHECKING:
    from accounts.actors import Actor

SIZE_LIMIT_BYTES: Final = 10 * 1024 * 1024
ACCEPTED: Final = ("application/pdf", "image/png", "image/jpeg", "text/plain")
ACCEPTED_WORDS: Final = "PDF, PNG, JPEG or plain text"
# What plain text may hold below U+0020: tab, line feed, form feed, carriage return.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


class DocumentDamaged(DomainError):
    """A stored file is gone, or its bytes are no longer those of its digest."""

    code = "document_damaged"
    status = 500


@dataclass(frozen=True)
class Upload:
    """A file as it came: its name on the sender's machine and its bytes."""

    name: str
    content: bytes

    @classmethod
    def of(cls, file: Any, field: str = "document") -> Upload:
        """Read a Django upload (or any file object with a name), never more than the limit.

        Raises:
            InvalidInput: larger than the limit.
        """
        content: bytes = file.read(SIZE_LIMIT_BYTES + 1)
        _check_size(len(content), str(file.name), field)
        return cls(name=str(file.name), content=content)


def store_document(*, actor: Actor | None, subject: models.Model, upload: Upload, title: str = "") -> Attachment:
    """Keep a file and attach it to ``subject``, in the transaction of the caller's act.

    The bytes are on the disk before the row is written; a rolled-back act leaves a file that no row names.

    Raises:
        InvalidInput: empty, over 10 MiB, or not one of the accepted kinds by its content.
        RuntimeError: called outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("store_document must run inside the transaction of the act it belongs to")
    _check_size(len(upload.content), upload.name)
    media_type = media_type_of(upload)
    sha256 = hashlib.sha256(upload.content).hexdigest()
    _write(path_of(sha256), upload.content)
    document, _ = Document.objects.get_or_create(
        sha256=sha256, defaults={"media_type": media_type, "size_bytes": len(upload.content)}
    )
    attachment = Attachment.objects.create(
        document=document,
        subject_kind=subject._meta.model_name or "",
        subject_id=subject.pk,
        filename=_plain_name(upload.name),
        title=title.strip()[:200],
    )
    facts = {"sha256": sha256, "size_bytes": document.size_bytes, "media_type": media_type}
    record("document.attached", subject, actor=actor, facts=facts)
    return attachment


def attachments_of(subject: models.Model) -> models.QuerySet[Attachment]:
    """The documents attached to ``subject``, oldest first."""
    return (
        Attachment.objects.filter(subject_kind=subject._meta.model_name or "", subject_id=subject.pk)
        .select_related("document")
        .order_by("attached_at", "pk")
    )


def read_document(document: Document) -> bytes:
    """The bytes, checked against their digest.

    Raises:
        DocumentDamaged: missing or altered.
    """
    try:
        content = path_of(document.sha256).read_bytes()
    except OSError as error:
        raise DocumentDamaged(f"The file of document {document} cannot be read: {error.strerror}.") from error
    if hashlib.sha256(content).hexdigest() != document.sha256:
        raise DocumentDamaged(f"The file of document {document} was altered after it was stored.")
    return content


def path_of(sha256: str) -> Path:
    """Where the bytes of a digest lie."""
    return Path(settings.WRIT_MEDIA) / sha256[:2] / sha256


def media_type_of(upload: Upload) -> str:
    """The kind of a file by its content, never by its name.

    Raises:
        InvalidInput: not an accepted kind.
    """
    guessed = filetype.guess_mime(upload.content)
    kind = guessed or ("text/plain" if _is_text(upload.content) else "unknown")
    if kind not in ACCEPTED:
        raise InvalidInput(f"{upload.name} is neither of these: {ACCEPTED_WORDS}.", field="document")
    return str(kind)


def _is_text(content: bytes) -> bool:
    try:
        return not _CONTROL.search(content.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _check_size(size_bytes: int, name: str, field: str = "document") -> None:
    if size_bytes == 0:
        raise InvalidInput(f"{name} is empty.", field=field)
    if size_bytes > SIZE_LIMIT_BYTES:
        limit = SIZE_LIMIT_BYTES // 1024**2
        raise InvalidInput(f"{name} is larger than {limit} MiB, the limit for a document.", field=field)


def _plain_name(name: str) -> str:
    """The last part of a file name, without control characters, at most 200 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable()).strip()[-200:] or "document"


def _write(path: Path, content: bytes) -> None:
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(name, path)
