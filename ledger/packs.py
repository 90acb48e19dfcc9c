"""Evidence packs: chosen rows with their proofs against a signed head, in one signed file."""

from __future__ import annotations

from typing import Any

import rfc8785
from django.utils import timezone

from ledger.canonical import entry_document, instant
from ledger.keys import key_id, signing_key
from ledger.models import Attachment, Entry
from ledger.sealing import head_document, seal_everything
from ledger.tree import SealTree

Subject = tuple[str, str]


def make_pack(*, subjects: set[Subject], statement: dict[str, Any]) -> bytes:
    """The canonical bytes of a signed pack.

    Args:
        subjects: (model name, primary key) of everything whose rows belong in the pack.
        statement: what the pack is about; plain JSON without floats.

    Raises:
        LookupError: nothing has been sealed yet.
    """
    head = seal_everything()
    if head is None:
        raise LookupError("The ledger holds no row yet, so there is nothing to prove.")
    tree = SealTree()
    tree.catch_up(head.size)
    rows = [_row(entry, tree, head.size) for entry in _entries(subjects, head.size)]
    document = {
        "v": 1,
        "kind": "writ.evidence",
        "made_at": instant(timezone.now()),
        "statement": statement,
        "head": {"document": head_document(head), "signature": head.signature},
        "row_count": len(rows),
        "rows": rows,
        "documents": _documents(subjects),
    }
    return rfc8785.dumps(_signed(document))


def _signed(document: dict[str, Any]) -> dict[str, Any]:
    key = signing_key()
    return {
        "document": document,
        "key_id": key_id(bytes(key.verify_key)),
        "signature": key.sign(rfc8785.dumps(document)).signature.hex(),
    }


def _entries(subjects: set[Subject], size: int) -> list[Entry]:
    kinds = {kind for kind, _ in subjects}
    ids = {pk for _, pk in subjects}
    found = Entry.objects.filter(subject_kind__in=kinds, subject_id__in=ids, seal__seq__lte=size)
    chosen = [entry for entry in found.select_related("seal") if (entry.subject_kind, entry.subject_id) in subjects]
    return sorted(chosen, key=lambda entry: entry.seal.seq)


def _row(entry: Entry, tree: SealTree, size: int) -> dict[str, Any]:
    seq = entry.seal.seq
    return {"seq": seq, "entry": entry_document(entry), "path": tree.path(seq, size)}


def _documents(subjects: set[Subject]) -> list[dict[str, Any]]:
    ids = [pk for _, pk in subjects if len(pk) == 36]
    found = Attachment.objects.filter(subject_id__in=ids).select_related("document").order_by("attached_at")
    return [
        {
            "subject_kind": attachment.subject_kind,
            "subject_id": str(attachment.subject_id),
            "sha256": attachment.document_id,
            "size_bytes": attachment.document.size_bytes,
            "title": attachment.title or attachment.filename,
        }
        for attachment in found
        if (attachment.subject_kind, str(attachment.subject_id)) in subjects
    ]
