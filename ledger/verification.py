"""Verify the record: every row against its seal, every seal against the one before, every head and its witness."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import rfc8785
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from ledger.canonical import GENESIS, entry_document, leaf_hash, link_hash
from ledger.keys import key_id, signing_key
from ledger.models import Entry, Head, Seal
from ledger.sealing import head_document, witness_path
from ledger.tree import SealTree


@dataclass
class Report:
    """What was checked, and every fault found."""

    rows: int = 0
    heads: int = 0
    witnessed: int = 0
    unsealed: int = 0
    has_witness: bool = False
    faults: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify_ledger(progress: Callable[[int], None] = lambda rows: None) -> Report:
    """Recompute everything from the rows.

    Args:
        progress: told the number of rows checked so far, every thousand rows.
    """
    report = Report(unsealed=Entry.objects.filter(seal=None).count())
    tree = SealTree()
    links = _verify_rows(report, tree, progress)
    _verify_heads(report, tree, links)
    _verify_witness(report)
    return report


def _verify_rows(report: Report, tree: SealTree, progress: Callable[[int], None]) -> dict[int, str]:
    sizes = set(Head.objects.values_list("size", flat=True))
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


def _verify_heads(report: Report, tree: SealTree, links: dict[int, str]) -> None:
    public = signing_key().verify_key
    for head in Head.objects.order_by("size").iterator():
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
    report.has_witness = path is not None and path.exists()
    if path is None or not path.exists():
        return
    heads = {head.size: head for head in Head.objects.all()}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        said = json.loads(line)
        head = heads.get(said["head"]["size"])
        report.witnessed += 1
        if head is None or head_document(head) != said["head"] or head.signature != said["signature"]:
            report.faults.append(f"The witness (line {number}) saw a head that the database does not hold.")
