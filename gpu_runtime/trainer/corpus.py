"""Text as a training sees it: token numbers to learn from and token numbers held out.

Shapes: a text is a one-dimensional tensor of token numbers, uint8 where they are bytes.
"""

from dataclasses import dataclass

from torch import Tensor

from gpu_runtime.trainer.refusals import DataError

__all__ = ["Corpus", "DataError"]


@dataclass(frozen=True)
class Corpus:
    """Bytes to train on, bytes held out of training, and the digest of both.

    Attributes:
        digest: SHA-256 over each file's relative path and SHA-256, in path order; of a host's data set the SHA-256
            of its description, which holds the digests of its files.
        vocabulary: token numbers lie below this; 256 where tokens are bytes.
        held_out_bytes: of text that the held-out tokens stand for.
        is_hashed: whether every file was held against its digest just now.
    """

    train: Tensor
    held_out: Tensor
    digest: str
    train_files: int
    held_out_files: int
    vocabulary: int = 256
    held_out_bytes: int = 0
    is_hashed: bool = True

    @property
    def tokens_per_byte(self) -> float:
        """Held-out tokens for each byte of their text."""
        return self.held_out.numel() / (self.held_out_bytes or self.held_out.numel())

    @property
    def is_bytes(self) -> bool:
        """Whether tokens are bytes."""
        return self.vocabulary == 256
