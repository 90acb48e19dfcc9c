"""What every template keeps to, read from the files themselves."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.ROOT)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
SPRITE = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "assets" / "icons.svg").read_text()))
INLINE = re.compile(r"""<style|\sstyle\s*=|\son[a-z]+\s*=\s*["']|<script(?![^>]*\ssrc=)|javascript:""", re.IGNORECASE)


@pytest.mark.parametrize("name", NAMES)
def test_template_compiles(name: str) -> None:
    assert get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_template_opens_with_its_context(path: Path) -> None:
    head = re.sub(r"^\{% extends [^%]+%\}|^\{% load [^%]+%\}", "", path.read_text().lstrip()).lstrip()
    assert head.startswith(("{% comment %}", "{#")), f"{path.name} does not say what it takes"


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_template_has_nothing_that_the_content_policy_refuses(path: Path) -> None:
    words = re.sub(r"\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.DOTALL)
    assert not INLINE.findall(words)


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_template_uses_icons_that_the_sprite_has(path: Path) -> None:
    text = path.read_text()
    used = set(re.findall(r'{% icon "([^"]+)"', text)) | set(re.findall(r'icon_name="([^"]+)"', text))
    used |= set(re.findall(r'{% badge "[a-z]+" \S+ "([^"]+)"', text))
    assert used <= SPRITE, f"not in assets/icons.svg: {sorted(used - SPRITE)}"
