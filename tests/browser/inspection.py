"""What a page must be: no console error, no serious axe finding, nothing wider than the screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import ConsoleMessage, Page, Response

AXE = Path(settings.ROOT) / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


class Sheet:
    """One page of a browser, which remembers every complaint of its console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.name = ""
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def open(self, path: str, *, status: int = 200) -> Sheet:
        """Goes to a page, which must answer with ``status``; the console may say so."""
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path} answered {answer.status}: {_words(answer)}"
        if status >= 400:
            self.complaints = [line for line in self.complaints if f"status of {status}" not in line]
        return self

    def check(self) -> Sheet:
        """Fails on a console complaint, on a serious axe finding, or where the page must be pushed sideways."""
        self.page.wait_for_load_state("networkidle")  # parts that htmx loads are part of the page
        assert not self.complaints, "\n".join(self.complaints)
        too_wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, f"{self.page.url} is {too_wide} px wider than the screen"
        findings = [found for found in self.scan() if found["impact"] in ("serious", "critical")]
        assert not findings, "\n".join(_finding(found) for found in findings)
        return self

    def scan(self) -> list[dict]:
        """Everything that axe-core finds on the page as it stands."""
        if not AXE.exists():
            pytest.fail("axe-core is not in node_modules: run `make setup`", pytrace=False)
        self.page.evaluate(AXE.read_text())  # by the debugger, which the content security policy does not bind
        options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
        return self.page.evaluate("options => axe.run(document, options)", options)["violations"]

    def shot(self, folder: Path, name: str) -> Path:
        """A picture of the whole page."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        self.page.screenshot(path=path, full_page=True)
        return path


def _words(answer: Response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text()))[:600]


def _finding(found: dict) -> str:
    nodes = "\n".join(f"    {node['html'][:200]}\n      {node['failureSummary']}" for node in found["nodes"][:4])
    return f"{found['id']} ({found['impact']}): {found['help']}\n{nodes}"
