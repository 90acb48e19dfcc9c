"""Charts of a replay as one HTML page that needs nothing else: drawn as SVG, with the figures as a table."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 860
HEIGHT: Final = 260
LEFT: Final = 64
BOTTOM: Final = 34
TOP: Final = 10
MOST_POINTS: Final = 600
COLOURS: Final = ("#2563eb", "#d97706", "#059669", "#b91c1c")
STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
.grid { stroke: currentColor; stroke-opacity: .15; } .line { fill: none; stroke-width: 2; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .25rem 1rem .25rem 0; }
td { font-variant-numeric: tabular-nums; }
"""
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Chart:
    """Lines over one axis; ``across`` and ``up`` name the axes with their units."""

    title: str
    across: str
    up: str
    lines: dict[str, Points]


@dataclass(frozen=True)
class Bars:
    """One bar for each name."""

    title: str
    up: str
    values: dict[str, float]


def page(title: str, figures: dict[str, str], charts: list[Chart | Bars]) -> str:
    """The whole page."""
    rows = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in figures.items())
    drawn = "".join(
        f"<h2>{escape(each.title)}</h2>{_bars(each) if isinstance(each, Bars) else _lines(each)}" for each in charts
    )
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    body = f"<h1>{escape(title)}</h1><table>{rows}</table>{drawn}"
    return f'<!doctype html><html lang="en"><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>'


def _lines(chart: Chart) -> str:
    points = [point for line in chart.lines.values() for point in line] or [(0.0, 0.0)]
    right = max(x for x, _ in points) or 1.0
    start = min(x for x, _ in points)
    top = max(y for _, y in points) or 1.0
    marks = "".join(_line(line, COLOURS[n % 4], (start, right, top)) for n, line in enumerate(chart.lines.values()))
    names = "".join(_name(name, n) for n, name in enumerate(chart.lines))
    ends = f'<text x="{LEFT}" y="{HEIGHT - 12}">{start:,.0f}</text>'
    ends += f'<text x="{WIDTH}" y="{HEIGHT - 12}" text-anchor="end">{right:,.0f} {escape(chart.across)}</text>'
    return _svg(chart.title, _grid(top, chart.up) + marks + ends + names)


def _line(points: Points, colour: str, scale: tuple[float, float, float]) -> str:
    start, right, top = scale
    span = (right - start) or 1.0
    kept = points[:: max(1, len(points) // MOST_POINTS)]
    path = " ".join(
        f"{LEFT + (x - start) / span * (WIDTH - LEFT):.1f},{HEIGHT - BOTTOM - y / top * (HEIGHT - BOTTOM - TOP):.1f}"
        for x, y in kept
    )
    return f'<polyline class="line" stroke="{colour}" points="{path}"/>'


def _name(name: str, number: int) -> str:
    x = LEFT + 10 + 160 * number
    swatch = f'<rect x="{x}" y="14" width="12" height="4" fill="{COLOURS[number % 4]}"/>'
    return f'{swatch}<text x="{x + 18}" y="20">{escape(name)}</text>'


def _bars(chart: Bars) -> str:
    top = max(chart.values.values(), default=1.0) or 1.0
    room = (WIDTH - LEFT) / max(len(chart.values), 1)
    drawn = ""
    for number, (name, value) in enumerate(chart.values.items()):
        x, tall = LEFT + number * room, value / top * (HEIGHT - BOTTOM - TOP)
        drawn += f'<rect x="{x + room * 0.15:.1f}" y="{HEIGHT - BOTTOM - tall:.1f}" width="{room * 0.7:.1f}" '
        drawn += f'height="{tall:.1f}" fill="{COLOURS[0]}"><title>{escape(name)}: {value:,.2f}</title></rect>'
        drawn += f'<text x="{x + room / 2:.1f}" y="{HEIGHT - 12}" text-anchor="middle">{escape(name[:9])}</text>'
    return _svg(chart.title, _grid(top, chart.up) + drawn)


def _grid(top: float, up: str) -> str:
    drawn = ""
    for part in range(5):
        y = HEIGHT - BOTTOM - part / 4 * (HEIGHT - BOTTOM - TOP)
        drawn += f'<line class="grid" x1="{LEFT}" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
        drawn += f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{top * part / 4:,.4g}</text>'
    return drawn + f'<text x="{WIDTH}" y="{TOP + 10}" text-anchor="end">{escape(up)}</text>'


def _svg(title: str, inside: str) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{inside}</svg>'
