"""Row ranges that keep a temporary of the chunked torch path within reach of a core's cache."""

from collections.abc import Iterator

# 1 MiB of float32: the dozen temporaries of an element-wise operation stay in the last-level cache.
ELEMENTWISE = 1 << 18
# 16 MiB of float32: rows enough for a matrix product to run well, whatever the vocabulary.
PRODUCT = 1 << 22


def row_chunks(rows: int, width: int, elements: int = ELEMENTWISE) -> Iterator[slice]:
    """Cut `rows` rows of `width` elements into slices of at most `elements` elements (at least one row)."""
    step = max(1, elements // max(1, width))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
