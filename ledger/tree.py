"""The Merkle tree over the sealed rows: RFC 9162 hashing by pymerkle, leaves from ``ledger_seal``."""

from __future__ import annotations

from typing import Any

from pymerkle import BaseMerkleTree

from ledger.models import Seal


class SealTree(BaseMerkleTree):
    """Holds the leaf hashes in memory (32 bytes a row); ``catch_up`` reads those sealed since."""

    def __init__(self) -> None:
        super().__init__("sha256")
        self._leaves: list[bytes] = []

    def catch_up(self, size: int | None = None) -> None:
        """Read the leaves that are sealed and not yet held, up to ``size`` rows in all."""
        rows = Seal.objects.filter(seq__gt=len(self._leaves)).order_by("seq")
        if size is not None:
            rows = rows.filter(seq__lte=size)
        for leaf in rows.values_list("leaf_hash", flat=True).iterator():
            self.add(leaf)

    def add(self, leaf: str) -> None:
        """Append one leaf hash, in hex."""
        self._leaves.append(bytes.fromhex(leaf))

    def root(self, size: int) -> str:
        """Root hash of the first ``size`` leaves, in hex."""
        return str(self.get_root(size).hex())

    def path(self, seq: int, size: int) -> list[str]:
        """Sibling hashes from leaf ``seq`` (counted from 1) up to the root of the first ``size`` leaves."""
        return [digest.hex() for digest in self.prove_inclusion(seq, size).path[1:]]

    def _encode_entry(self, data: bytes) -> bytes:
        return data

    def _store_leaf(self, data: Any, digest: bytes) -> int:
        self._leaves.append(digest)
        return len(self._leaves)

    def _get_leaf(self, index: int) -> bytes:
        return self._leaves[index - 1]

    def _get_leaves(self, offset: int, width: int) -> list[bytes]:
        return self._leaves[offset : offset + width]

    def _get_size(self) -> int:
        return len(self._leaves)
