"""`python -m tests.bench.parts.growth_page [FILE]`: measured growth into docs/scaling.md and its chart.

No figure is typed by hand: what stands between the marks is written from build/bench.json.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench.goals import GOALS
from tests.bench.parts.growth import PART
from tests.bench.report import JSON
from tests.schemas import PROJECT

PAGE = PROJECT / "docs" / "scaling.md"
CHART = PROJECT / "docs" / "img" / "growth.svg"
BEGIN, END = "<!-- growth: begin -->", "<!-- growth: end -->"
Size = Mapping[str, float]


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else JSON
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    sizes = sorted((told[part] for part in told if part.startswith(PART)), key=lambda one: one["entries"])
    assert sizes, f"{file} tells of no growth: run it with --only growth"
    before, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_tables(told, sizes)}\n{END}{after}", encoding="utf-8")
    CHART.parent.mkdir(exist_ok=True)
    CHART.write_text(_chart(sizes), encoding="utf-8")


def _tables(told: Mapping[str, Any], sizes: Sequence[Size]) -> str:
    how = told["how"]
    scale = "" if how["scale"] == "default" else f"BENCH_SCALE={how['scale']} "
    machine = f"{how['cores']} cores ({how['machine']}); load at the end {how['load'][0]:.1f}"
    heads = " | ".join(f"{size['entries']:,.0f}" for size in sizes)
    lines = [
        f"Measured {how['at']} with `{scale}python -m tests.bench --only growth` on {machine}.",
        "",
        f"| entries | {heads} |",
        "|---|" + "--:|" * len(sizes),
    ]
    for title, figure, digits in (
        ("earns a second", "earn_per_s", 0),
        ("… server µs each", "earn_server_us", 0),
        ("redemptions a second", "redeem_per_s", 0),
        ("… server µs each", "redeem_server_us", 0),
        ("members' pages a second", "read_per_s", 0),
        ("… server µs each", "read_server_us", 0),
        ("rows, MB", "rows_mb", 0),
        ("indexes, MB", "indexes_mb", 0),
        ("full audit, s", "audit_s", 1),
        ("filled in, s", "fill_s", 0),
    ):
        lines.append(f"| {title} | {' | '.join(f'{size[figure]:,.{digits}f}' for size in sizes)} |")
    lines += ["", "| goal P8: the largest against the smallest | asked | measured | |", "|---|--:|--:|---|"]
    for goal in (goal for goal in GOALS if goal.part == "P8"):
        value = told["P8"][goal.figure]
        verdict = "ok" if goal.is_met(value) else "**missed**"
        lines.append(f"| {goal.says} | ≥ {goal.bound:g} | {value:.2f} | {verdict} |")
    return "\n".join(lines)


def _chart(sizes: Sequence[Size]) -> str:
    """Work a second at each size as a share of that at the smallest."""
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 320" font-family="sans-serif"',
        ' font-size="12">',
        '<rect width="640" height="320" fill="#fff"/>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = 280 - 220 * share
        lines += [
            f'<line x1="60" y1="{y:.0f}" x2="480" y2="{y:.0f}" stroke="#ddd"/>',
            f'<text x="52" y="{y + 4:.0f}" text-anchor="end" fill="#444">{share:g}</text>',
        ]
    step = 420 / max(len(sizes) - 1, 1)
    for index, size in enumerate(sizes):
        lines.append(
            f'<text x="{60 + step * index:.0f}" y="300" text-anchor="middle" fill="#444">'
            f"{size['entries']:,.0f} entries</text>"
        )
    for title, figure, colour in (
        ("earns a second", "earn_per_s", "#2e7d6b"),
        ("redemptions a second", "redeem_per_s", "#c0553a"),
        ("members' pages a second", "read_per_s", "#35618f"),
    ):
        heights = [280 - 220 * size[figure] / sizes[0][figure] for size in sizes]
        points = " ".join(f"{60 + step * index:.0f},{y:.0f}" for index, y in enumerate(heights))
        row = 60 + 20 * len([line for line in lines if "polyline" in line])
        lines += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>',
            f'<text x="492" y="{row}" fill="{colour}">{title}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
