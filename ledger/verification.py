"""Verify the record: every row against its seal, every seal against the one before, every head and its witness."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import rfc8785
from django.db.models import Subquery
from django.db.models.functions import Now
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from ledger.canonical import GENESIS, entry_document, leaf_hash, link_hash
from ledger.keys import key_id, signing_key
from ledger.models import Entry, Head, Seal
from ledger.sealing import head_document, witness_path
from ledger.tree import SealTree

# The sealer follows within a second; what waits longer waits for a sealer that does not run.
LONGEST_WAIT: Final = timedelta(minutes=1)


@dataclass
class Report:
    """What was checked, and every fault found. Of the ``unsealed`` rows, ``late`` ones have waited too long."""

    rows: int = 0
    heads: int = 0
    witnessed: int = 0
    unsealed: int = 0
    late: int = 0
    has_witness: bool = False
    faults: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether every row is proven: nothing is wrong, and no row is long without its seal."""
        return not self.faults and not self.late


def verify_ledger(progress: Callable[[int], None] = lambda rows: None) -> Report:
    """Recompute everything from the rows.

    Args:
        progress: told the number of rows checked so far, every thousand rows.
    """
    waiting = Entry.objects.filter(seal=None)
    report = Report(unsealed=waiting.count(), late=waiting.filter(at__lt=Now() - LONGEST_WAIT).count())
    tree = SealTree()
    heads = list(Head.objects.order_by("size"))  # before the rows: what is sealed meanwhile is not our concern
    links = _verify_rows(report, tree, {head.size for head in heads}, progress)
    _verify_heads(report, tree, heads, links)
    report.faults += _gaps()
    _verify_witness(report)
    return report


def _gaps() -> Iterator[str]:
    """Seals that stand under no head."""
    last_head = Head.objects.order_by("-size").values("size")[:1]
    last = Seal.objects.order_by("-seq").values_list("seq", Subquery(last_head)).first()
    if last is not None and last[0] != last[1]:
        yield f"The last seal is number {last[0]}, but the last head covers {last[1] or 0} rows."


def _verify_rows(
    report: Report, tree: SealTree, sizes: set[int], progress: Callable[[int], None]
) -> dict[int, str]:
    links: dict[int, str] = {}
    link = GENESIS
    for seal in Seal.objects.select_related("entry").order_by("seq").iterator(chunk_size=1000):
        report.rows += 1
        if seal.seq != report.rows:
            report.faults.append(f"Row {report.rows} is missing: the next seal is number {seal.seq}.")
            return links
        leaf = leaf_hash(entry_document(seal.entry))
        link = link_hash(link, leaf)
        if leaf != seal.leaf_hash or link != seal.link_hash:
            report.faults.append(f"Row {seal.seq} ({seal.entry.act}) is not the row that was sealed.")
        tree.add(leaf)
        if seal.seq in sizes:
            links[seal.seq] = link
        if report.rows % 1000 == 0:
            progress(report.rows)
    return links


def _verify_heads(report: Report, tree: SealTree, heads: list[Head], links: dict[int, str]) -> None:
    public = signing_key().verify_key
    for head in heads:
        report.heads += 1
        report.faults += _head_faults(head, public)
        if head.size not in links:
            report.faults.append(f"The head over {head.size} rows covers rows that are gone.")
        elif head.link_hash != links[head.size] or head.root_hash != tree.root(head.size):
            report.faults.append(f"The head over {head.size} rows does not fit the rows.")


def _head_faults(head: Head, public: VerifyKey) -> Iterator[str]:
    if head.key_id != key_id(bytes(public)):
        yield f"The head over {head.size} rows was signed by another key ({head.key_id})."
        return
    try:
        public.verify(rfc8785.dumps(head_document(head)), bytes.fromhex(head.signature))
    except (BadSignatureError, ValueError):
        yield f"The signature of the head over {head.size} rows is not good."


def _verify_witness(report: Report) -> None:
    path = witness_path()
    if path is None:
        return
    lines = _witness_lines(path)  # before the heads: the witness is told of a head once it is committed
    heads = {head.size: head for head in Head.objects.all()}
    report.has_witness = lines is not None
    if lines is None and heads:
        report.faults.append("The witness is configured, but its file is gone or cannot be read.")
    if lines == [] and heads:
        report.faults.append("The witness is configured, but its file is empty: it was told of no head.")
    for number, line in enumerate(lines or (), 1):
        report.witnessed += 1
        said = _said(line)
        if said is None:
            report.faults.append(f"Line {number} of the witness cannot be read.")
            continue
        head = heads.get(said["head"]["size"])
        if head is None or head_document(head) != said["head"] or head.signature != said["signature"]:
            report.faults.append(f"The witness (line {number}) saw a head that the database does not hold.")


def _witness_lines(path: Path) -> list[bytes] | None:
    try:
        return path.read_bytes().splitlines()
    except OSError:
        return None


def _said(line: bytes) -> dict[str, Any] | None:
    """What a line of the witness says: a head and its signature; ``None`` where it is torn or something else."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_head = isinstance(said, dict) and isinstance(said.get("head"), dict) and "signature" in said
    return said if is_head and isinstance(said["head"].get("size"), int) else None
