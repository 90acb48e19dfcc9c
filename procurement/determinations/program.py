"""Which program answered: the release, and a digest of the code by which regimes answer."""

import hashlib
import tomllib
from functools import cache
from pathlib import Path

import procurement.regimes

ROOT = Path(procurement.regimes.__file__).resolve().parents[2]


@cache
def program() -> str:
    """Such as `0.1.0+3f2a9c1b7d20`: two programs of one digest read one rule set and one set of facts alike."""
    release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return f"{release}+{_code_digest()}"


def _code_digest() -> str:
    folder = ROOT / "procurement" / "regimes"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
