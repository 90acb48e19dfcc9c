"""The one sealer: links committed rows, signs a head over them, and sends it to the witness."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import rfc8785
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ledger.canonical import GENESIS, entry_document, instant, leaf_hash, link_hash
from ledger.keys import key_id, signing_key
from ledger.models import Entry, Head, Seal
from ledger.tree import SealTree

LOCK: Final = 0x57524954_4C454447  # "WRITLEDG": one sealer at a time, whoever runs it
BATCH: Final = 1000
# No act's transaction lives this long: what is committed later than it was written is still found.
LOOK_BACK: Final = timedelta(days=1)


def head_document(head: Head) -> dict[str, Any]:
    """What is signed of a head."""
    return {
        "v": 1,
        "size": head.size,
        "root_hash": head.root_hash,
        "link_hash": head.link_hash,
        "signed_at": instant(head.signed_at),
        "key_id": head.key_id,
    }


class Sealer:
    """Keeps the tree in memory between calls, so that a seal costs what is new."""

    def __init__(self) -> None:
        self._tree = SealTree()

    def seal_pending(self) -> Head | None:
        """Seal what was committed since, and sign a head; ``None`` when there is nothing new or another seals."""
        with transaction.atomic():
            if not _is_only_sealer():
                return None
            head = self._seal_batch()
        if head is not None:
            _tell_witness(head)
        return head

    def _seal_batch(self) -> Head | None:
        last = Seal.objects.order_by("-seq").select_related("entry").first()
        entries = _unsealed(last.entry.at if last else None)
        if not entries:
            return None
        self._tree.catch_up()
        seq, link = (last.seq, last.link_hash) if last else (0, GENESIS)
        for entry in entries:
            seq += 1
            leaf = leaf_hash(entry_document(entry))
            link = link_hash(link, leaf)
            Seal.objects.create(seq=seq, entry=entry, leaf_hash=leaf, link_hash=link)
            self._tree.add(leaf)
        return self._sign(seq, link)

    def _sign(self, size: int, link: str) -> Head:
        key = signing_key()
        head = Head(
            size=size,
            root_hash=self._tree.root(size),
            link_hash=link,
            signed_at=timezone.now(),
            key_id=key_id(bytes(key.verify_key)),
        )
        head.signature = key.sign(rfc8785.dumps(head_document(head))).signature.hex()
        head.save(force_insert=True)
        return head


def seal_everything() -> Head | None:
    """Seal until nothing is pending (commands and tests; the pulse keeps a ``Sealer`` of its own)."""
    sealer, last = Sealer(), None
    while head := sealer.seal_pending():
        last = head
    return last or Head.objects.order_by("-size").first()


def _unsealed(since: datetime | None) -> list[Entry]:
    pending = Entry.objects.filter(seal=None)
    if since is not None:  # a row that names a day to come must not hide those of today
        pending = pending.filter(at__gte=min(since, timezone.now()) - LOOK_BACK)
    return list(pending.order_by("at", "id")[:BATCH])


def _is_only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        row = cursor.fetchone()
    return bool(row and row[0])


def witness_path() -> Path | None:
    """The witness outside the database (``WRIT_WITNESS``), or ``None``: then the proof rests on the operator's word."""
    configured = settings.WRIT_WITNESS
    return Path(configured) if configured else None


def _tell_witness(head: Head) -> None:
    path = witness_path()
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = json.dumps({"head": head_document(head), "signature": head.signature}, sort_keys=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
