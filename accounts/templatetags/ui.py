"""The words that pages are made of: `{% load ui %}`. See templates/README.md for each with an example."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django import template
from django.forms import BoundField
from django.forms.widgets import CheckboxInput, Select
from django.template import Context
from django.templatetags.static import static
from django.urls import Resolver404, resolve
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import figures, words
from accounts.actors import Actor
from accounts.states_shown import Tone, link_name, look_of

register = template.Library()

NOTHING: Final = "\N{EN DASH}"


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """One icon of ``assets/icons.svg``; decoration only, so it always stands beside a word."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        extra, static("icons.svg"), name,
    )  # fmt: skip


@register.inclusion_tag("components/badge.html")
def state_badge(state: object, label: str = "") -> dict[str, object]:
    """A state by icon, word and colour: `{% state_badge order.state %}`."""
    return {"look": look_of(state, label or None)}


@register.inclusion_tag("components/badge.html")
def badge(tone: str, label: str, icon_name: str = "") -> dict[str, object]:
    """A badge of any words: `{% badge "info" "Emulated" "test-pipe" %}`."""
    return {"look": {"tone": Tone(tone), "icon": icon_name, "label": label}}


@register.inclusion_tag("components/chain.html", takes_context=True)
def chain(context: Context, links: Iterable[Any], title: str = "", mend_label: str = "") -> dict[str, object]:
    """The chain of an order, filing, licence, device or job: `{% chain links %}`; it leads only where one may go."""
    actor = context.get("actor")
    shown = [_shown_link(link, actor) for link in links]
    broken = [link for link in shown if link["status"] == "broken"]
    pending = [link for link in shown if link["status"] == "pending"]
    return {
        "links": shown, "broken": broken, "pending": pending, "title": title or _("Chain"),
        "mend_label": mend_label or _("Mend it"),
    }  # fmt: skip


def may_open(actor: Actor | None, url: str) -> bool:
    """Whether the page at ``url`` is one that the role may open (``accounts.web.acting``)."""
    try:
        acts = getattr(resolve(urlsplit(url).path).func, "acts", ())
    except Resolver404:
        return True
    return actor is None or not acts or any(actor.may(act) for act in acts)


def _shown_link(link: Any, actor: Actor | None) -> dict[str, Any]:
    """One link with its words and its look; takes objects and mappings alike."""
    fields = ("kind", "label", "reference", "status", "valid_until", "reason", "url")
    read = link.get if isinstance(link, Mapping) else lambda name, default=None: getattr(link, name, default)
    values = {name: read(name, None) for name in fields}
    words, kind_icon = link_name(values["kind"])
    if values["url"] and not may_open(actor, values["url"]):
        values["url"] = ""
    status = str(getattr(values["status"], "value", values["status"]))
    return values | {
        "label": values["label"] or words, "kind_icon": kind_icon, "status": status, "look": look_of(status),
    }  # fmt: skip


@register.inclusion_tag("components/time.html")
def when(value: datetime | date | None, style: str = "relative") -> dict[str, object]:
    """A time, relative with the exact one on hover; `style` is "relative" or "exact"."""
    if value is None or value == "":
        return {"missing": True}
    exact = exact_time(value)
    words = exact if style == "exact" else figures.relative(value, timezone.now())
    return {"words": words, "exact": exact, "machine": value.isoformat(), "missing": False}


@register.filter
def relative_time(value: datetime | date | None) -> str:
    """The words only, such as "in 3 days" or "2 hours ago"."""
    return figures.relative(value, timezone.now()) if value else NOTHING


@register.filter
def exact_time(value: datetime | date | None) -> str:
    """A date, or a date and time with its zone, in the reader's format."""
    if not value:
        return NOTHING
    if not isinstance(value, datetime):
        return str(formats.date_format(value, "j M Y"))
    local = timezone.localtime(value)
    return f"{formats.date_format(local, 'j M Y, H:i:s')} {local.tzname()}"


@register.inclusion_tag("components/clock.html")
def clock(due_at: datetime | None, started_at: datetime | None = None, stopped: bool = False) -> dict[str, object]:
    """A ring with the time left until ``due_at``; red when late, hollow while the clock is stopped."""
    if due_at is None:
        return {"missing": True}
    now = timezone.now()
    return figures.countdown(due_at, started_at, now, stopped=stopped)


@register.inclusion_tag("components/bar.html")
def balance_bar(granted: int, drawn: int = 0, held: int = 0, unit: str = "", label: str = "") -> dict[str, object]:
    """Granted, drawn and held of one line or grant; ``unit`` "gpu_ms" shows GPU-hours."""
    write = gpu_hours if unit == "gpu_ms" else (lambda n: f"{number(n)} {unit}".strip())
    drawn_part, held_part = figures.parts(granted, drawn, held)
    return {
        "label": label, "granted": write(granted), "drawn": write(drawn), "held": write(held),
        "left": write(granted - drawn - held), "drawn_percent": drawn_part, "held_percent": held_part,
        "held_from": drawn_part, "tight": granted > 0 and (drawn + held) * 5 > granted * 4, "has_held": bool(held),
    }  # fmt: skip


@register.filter
def number(value: object) -> str:
    """A number with its thousands set apart, by locale."""
    if value is None or value == "":
        return NOTHING
    return str(formats.number_format(value, use_l10n=True, force_grouping=True))  # type: ignore[arg-type]


@register.filter
def gpu_hours(milliseconds: int | None) -> str:
    """GPU-milliseconds as GPU-hours with one decimal; under a tenth of an hour as GPU-seconds."""
    if milliseconds is None:
        return NOTHING
    if abs(milliseconds) < 360_000:
        return _("%(n)s GPU-seconds") % {"n": number(figures.tenths(milliseconds, 1000))}
    return _("%(n)s GPU-hours") % {"n": number(figures.tenths(milliseconds, 3_600_000))}


@register.filter
def units(value: int | None, names: str = "unit,units") -> str:
    """A count with its noun: `{{ 4|units:"device,devices" }}`."""
    if value is None:
        return NOTHING
    one, many = names.split(",")
    return f"{number(value)} {ngettext(one, many, value)}"


@register.filter
def byte_size(value: int | None) -> str:
    """Bytes in binary units, such as "141.0 GiB"."""
    return NOTHING if value is None else figures.byte_size(value)


@register.filter
def duration(milliseconds: int | None) -> str:
    """Milliseconds as "850 ms", "12.4 s", "3 min 20 s" or "2 h 5 min"."""
    return NOTHING if milliseconds is None else figures.duration(timedelta(milliseconds=milliseconds))


@register.filter
def short_hash(value: str | None) -> str:
    """The first twelve signs of a digest; the whole one belongs in a title attribute."""
    return NOTHING if not value else f"{value[:12]}…"


@register.filter
def as_control(field: BoundField) -> SafeString:
    """A form field as a Bootstrap control without its wrapper, for filter bars and uploads."""
    widget = field.field.widget
    name = "form-select" if isinstance(widget, Select) else "form-control"
    name = "form-check-input" if isinstance(widget, CheckboxInput) else name
    classes = f"{name} is-invalid" if field.errors else name
    return field.as_widget(attrs={"class": f"{widget.attrs.get('class', '')} {classes}".strip()})


@register.filter(name="in_words")
def code_in_words(code: object) -> str:
    """The words for a code that is no state: `{{ party.buyer_class|in_words }}`."""
    return str(words.in_words(code)) if code not in (None, "") else NOTHING


@register.filter
def attr(mapping: Any, key: Any) -> Any:
    """An entry of a mapping by a name held in a variable."""
    return mapping.get(key) if hasattr(mapping, "get") else None
