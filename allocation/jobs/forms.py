"""Handing a job in, and asking for its evidence."""

from __future__ import annotations

import re
from typing import Final

from django import forms
from django.utils.translation import gettext_lazy as _

from allocation.jobs.lines import MAX_BYTES
from allocation.jobs.spec import ARRAY_MOST

EXAMPLE: Final = """name: stdlib-bytes
filing: {filing}
chip: {chip}
devices: 1
time_limit: 20m
train-lm:
  data: python-stdlib
  steps: 400
"""


class SubmitForm(forms.Form):
    """A job file, typed or uploaded."""

    source = forms.CharField(
        label=_("job.yaml"),
        required=False,
        max_length=MAX_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "class": "mono", "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("Or a file"), required=False, help_text=_("Up to 64 KiB of YAML; it replaces the text above.")
    )

    array = forms.IntegerField(
        label=_("How many of it"),
        required=False,
        min_value=2,
        max_value=ARRAY_MOST,
        help_text=_("An array: so many jobs alike, each with its own number from 0. Leave empty for one job."),
    )
    after = forms.CharField(
        label=_("After these jobs"),
        required=False,
        max_length=800,
        help_text=_("References of jobs that have to succeed first, such as JOB-2026-00042, separated by commas."),
    )

    def clean(self) -> dict[str, object]:
        """The file's text wins over what was typed; the two fields are added to it as the lines that they stand for."""
        said = super().clean() or {}
        upload = said.get("file")
        if upload is not None:
            said["source"] = self._read(upload)
            self._show(str(said["source"]))
        if not said.get("source") and not self.errors:
            self.add_error("source", _("Write the job file, or choose one."))
        else:
            said["source"] = self._with_fields(said)
        return said

    def _with_fields(self, said: dict[str, object]) -> str:
        source = str(said.get("source", ""))
        references = [word for word in str(said.get("after") or "").replace(",", " ").split() if word]
        lines = {"array": said.get("array"), "after": f"[{', '.join(references)}]" if references else None}
        for name, value in lines.items():
            if value is None:
                continue
            if re.search(rf"^{name}\s*:", source, re.MULTILINE):
                self.add_error(name, _("The job file says this already; leave one of the two empty."))
            else:
                source = f"{source.rstrip()}\n{name}: {value}\n"
        return source

    def _show(self, source: str) -> None:
        """A browser keeps no file over an error: the text box shows what was read of it instead."""
        self.data = {**self.data, "source": source or self.data.get("source", "")}

    def _read(self, upload: object) -> str:
        raw: bytes = upload.read(MAX_BYTES + 1)  # type: ignore[attr-defined]
        if len(raw) > MAX_BYTES:
            self.add_error("file", _("The file is larger than 64 KiB."))
            return ""
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            self.add_error("file", _("The file is not UTF-8 text."))
            return ""


class EvidenceForm(forms.Form):
    """To whom an evidence pack goes, and on what basis."""

    recipient = forms.CharField(label=_("Recipient"), max_length=200)
    legal_basis = forms.CharField(
        label=_("Legal basis"),
        max_length=300,
        help_text=_("Evidence that leaves a country may need leave of its authorities; check before you hand it out."),
    )
