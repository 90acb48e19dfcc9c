"""How states look, and that every state of the instance has words of its own."""

from __future__ import annotations

import importlib
import re
from enum import StrEnum
from pathlib import Path

import pytest
from django.conf import settings

from accounts.context import PLACES
from accounts.states_shown import LOOKS, Tone, link_name, look_of

ROOT = Path(settings.ROOT)
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "assets" / "icons.svg").read_text()))
TABLES = sorted(path for app in ("procurement", "allocation") for path in (ROOT / app).glob("*/states.py"))


def states_of(path: Path) -> list[StrEnum]:
    """Every member of every ``…State`` of one slice."""
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    kinds = [kind for name, kind in vars(module).items() if name.endswith("State") and isinstance(kind, type)]
    return [state for kind in kinds for state in kind]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.parent.name)
def test_state_of_every_slice_has_a_look(path: Path) -> None:
    missing = [str(state) for state in states_of(path) if str(state) not in LOOKS]
    assert not missing, f"add to accounts/states_shown.py: {missing}"


def test_unknown_state_is_shown_by_its_own_words_and_never_reassuring() -> None:
    look = look_of("half_open")
    assert (look.label, look.tone) == ("Half open", Tone.CALM)


def test_every_look_has_an_icon_of_the_sprite() -> None:
    icons = {look.icon for look in LOOKS.values()} | {place.icon for place in PLACES}
    assert icons <= SPRITE, sorted(icons - SPRITE)


def test_link_of_every_kind_has_words_and_an_icon() -> None:
    links = pytest.importorskip("allocation.chain.links", reason="the chain is not built yet")
    for kind in links.LinkKind:
        words, icon = link_name(kind)
        assert icon in SPRITE
        assert icon != "link", f"{kind} has no icon of its own in accounts/states_shown.py"
        assert "_" not in str(words)
