"""Figures as people read them: times, durations, sizes and shares. Pure, so that the pages only place them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

DAY_S = 86_400


def relative(value: datetime | date, now: datetime) -> str:
    """How far ``value`` is from ``now``, in one unit, such as "in 3 days" or "2 hours ago"."""
    if not isinstance(value, datetime):
        return _relative_day((value - now.date()).days)
    seconds = round((value - now).total_seconds())
    if abs(seconds) < 5:
        return _("just now")
    words = _one_unit(abs(seconds))
    return _("in %(time)s") % {"time": words} if seconds > 0 else _("%(time)s ago") % {"time": words}


def _relative_day(days: int) -> str:
    if days == 0:
        return _("today")
    words = _days(abs(days))
    return _("in %(time)s") % {"time": words} if days > 0 else _("%(time)s ago") % {"time": words}


def _one_unit(seconds: int) -> str:
    """Seconds in the largest unit that still says something."""
    if seconds < 60:
        return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}
    if seconds < 3600:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    if seconds < 36 * 3600:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    return _days(seconds // DAY_S)


def _days(days: int) -> str:
    """Days, or months and years once they are many."""
    if days < 90:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    months = days // 30
    if months < 24:
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return ngettext("%(n)d year", "%(n)d years", days // 365) % {"n": days // 365}


def duration(length: timedelta) -> str:
    """A length of time in at most two units."""
    milliseconds = round(length.total_seconds() * 1000)
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(milliseconds // 1000, 60)
    if minutes < 60:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours // 24} d {hours % 24} h"


def byte_size(size_bytes: int) -> str:
    """Bytes in binary units with one decimal."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    scaled = float(size_bytes)
    for unit in ("KiB", "MiB", "GiB"):
        scaled /= 1024
        if scaled < 1024:
            return f"{scaled:.1f} {unit}"
    return f"{scaled / 1024:.1f} TiB"


def tenths(amount: int, unit: int) -> Decimal:
    """``amount / unit``, rounded to one decimal without passing through a float."""
    return (Decimal(amount) / unit).quantize(Decimal("0.1"), ROUND_HALF_UP)


def parts(granted: int, drawn: int, held: int) -> tuple[int, int]:
    """The shares of drawn and held, in percent of granted, for a bar; together at most 100."""
    if granted <= 0:
        return 0, 0
    drawn_part = min(100, drawn * 100 // granted)
    return drawn_part, min(100 - drawn_part, held * 100 // granted)


def countdown(
    due_at: datetime, started_at: datetime | None, now: datetime, *, stopped: bool = False
) -> dict[str, object]:
    """What the ring of a clock shows: the share of time left, its words and its tone.

    Args:
        due_at: when it is due.
        started_at: when the clock began; without it the ring takes ten days as the whole.
        now: the time to count from.
        stopped: the clock stands still (a question waits for its answer).
    """
    left = due_at - now
    whole = due_at - started_at if started_at else timedelta(days=10)
    share = 0 if whole <= timedelta(0) else max(0, min(100, int(left / whole * 100)))
    late = left < timedelta(0)
    tone = "calm" if stopped else "bad" if late else "wait" if left < timedelta(days=2) or share < 20 else "ok"
    words = _one_unit(abs(int(left.total_seconds())))
    return {
        "missing": False, "share": 100 if late else share, "tone": tone, "late": late, "stopped": stopped,
        "due_at": due_at, "days": _ring_figure(left), "words": words,
    }  # fmt: skip


def _ring_figure(left: timedelta) -> str:
    """The figure in the ring: whole days, or hours on the last day."""
    seconds = abs(int(left.total_seconds()))
    return _("%(n)dd") % {"n": seconds // DAY_S} if seconds >= DAY_S else _("%(n)dh") % {"n": seconds // 3600}
