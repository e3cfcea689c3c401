"""Bars in SVG, without a library for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

from figures import Spread

WIDTH, LABELS, ROW, TOP = 720, 160, 26, 44
OWN, OTHERS, LIMIT = "#0b7285", "#adb5bd", "#e9ecef"


class Bar(NamedTuple):
    label: str
    spread: Spread
    limit: bool = False
    """Drawn paler: nothing that a user could choose."""


def chart(title: str, bars: Sequence[Bar]) -> str:
    """Horizontal bars from zero on one linear scale, the shortest first; a line from the least to
    the most."""
    ordered = sorted(bars, key=lambda bar: bar.spread.median)
    scale = (WIDTH - LABELS - 90) / max(bar.spread.median for bar in ordered)
    height = TOP + ROW * len(ordered) + 8
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" '
            'font-size="13">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        (
            '<text x="12" y="24" font-size="14" font-weight="600" '
            f'fill="#212529">{escape(title)}</text>'
        ),
    ]
    for number, bar in enumerate(ordered):
        top = TOP + ROW * number
        length = max(1.0, bar.spread.median * scale)
        colour = OWN if bar.label.startswith("adorm") else LIMIT if bar.limit else OTHERS
        least, most = (
            LABELS + min(value * scale, WIDTH - LABELS - 90)
            for value in (bar.spread.least, bar.spread.most)
        )
        middle = top + ROW / 2 - 2
        parts += [
            (
                f'<text x="{LABELS - 8}" y="{top + 15}" text-anchor="end" '
                f'fill="#212529">{escape(bar.label)}</text>'
            ),
            (
                f'<rect x="{LABELS}" y="{top + 2}" width="{length:.1f}" height="{ROW - 8}" rx="2" '
                f'fill="{colour}"/>'
            ),
            (
                f'<line x1="{least:.1f}" x2="{most:.1f}" y1="{middle:.1f}" y2="{middle:.1f}" '
                'stroke="#495057" stroke-width="1.5"/>'
            ),
            (
                f'<text x="{max(LABELS + length, most) + 6:.1f}" y="{top + 15}" '
                f'fill="#495057">{shown(bar.spread.median)}</text>'
            ),
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
