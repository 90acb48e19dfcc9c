"""A small folder of Python sources, made from this repository's own words, large enough to train on."""

from pathlib import Path

WORDS = ("return", "value", "if", "else", "for", "name", "in", "self", "def", "import", "not", "None")


def write_sources(root: Path, files: int = 64, lines: int = 120) -> Path:
    """Write `files` distinct .py files; a quarter of a megabyte by default."""
    root.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        text = [_line(number, line) for line in range(lines)]
        (root / f"module_{number:03}.py").write_text("\n".join(text) + "\n")
    return root


def _line(number: int, line: int) -> str:
    picks = [WORDS[(number * 7 + line * (column + 3) + column) % len(WORDS)] for column in range(8)]
    return "    " * (line % 3) + " ".join(picks) + f"  # {number}.{line}"
