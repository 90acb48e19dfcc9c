"""The worked example of docs/kernels.md runs as it stands and learns."""

import re
from pathlib import Path

from kernels.registry import REGISTRY

DOCS = Path(__file__).resolve().parents[3] / "docs" / "kernels.md"


def test_docs_worked_example_learns() -> None:
    example = re.findall(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)[1]
    names: dict[str, object] = {}
    exec(compile(example, str(DOCS), "exec"), names)  # the text is ours
    assert float(names["value"]) < 2.0  # type: ignore[arg-type]


def test_docs_name_every_operation() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert all(f"`{row.name}`" in text for row in REGISTRY)
