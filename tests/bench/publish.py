"""`python -m tests.bench.publish [FILE]`: a run's figures into docs/performance.md and its chart.

No figure is typed by hand: what stands between the marks is written from build/bench.json.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from tests.bench.goals import GOALS, Goal
from tests.bench.report import JSON
from tests.bench.scale import SCALES
from tests.schemas import PROJECT

PAGE = PROJECT / "docs" / "performance.md"
CHART = PROJECT / "docs" / "img" / "performance.svg"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else JSON
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    measured = [
        (goal, told[goal.part][goal.figure]) for goal in GOALS if goal.figure in told.get(goal.part, {})
    ]
    before, _begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{_tables(told, measured)}\n{END}{after}", encoding="utf-8")
    CHART.parent.mkdir(exist_ok=True)
    CHART.write_text(_chart(measured), encoding="utf-8")


def _smaller_than_asked(told: Mapping[str, Any]) -> list[str]:
    """A verdict at a smaller size answers a smaller question; the page says so."""
    scale = SCALES[told["how"]["scale"]]
    if scale.name == "full":
        return []
    small, large = scale.growth
    sizes = (
        f"{scale.due:,} lots were swept instead of 1,000,000, and {large:,} entries compared with {small:,}"
        " instead of 10,000,000 with 100,000"
    )
    return [f"**P6 and P8 are not at the goals' sizes**: {sizes}. Their verdicts are for those sizes."]


def _tables(told: Mapping[str, Any], measured: Sequence[tuple[Goal, float]]) -> str:
    how = told["how"]
    scale = "" if how["scale"] == "default" else f"BENCH_SCALE={how['scale']} "
    load = ", ".join(f"{one:.1f}" for one in how["load"])
    lines = [
        f"Measured {how['at']} with `{scale}make bench` on {how['cores']} cores ({how['machine']}).",
        f"It took {told['run']['seconds']:,.0f} s; the machine's load at the end was {load}.",
        *_smaller_than_asked(told),
        "",
        "| | goal | asked | measured | |",
        "|---|---|--:|--:|---|",
    ]
    for goal, value in measured:
        asked = f"{'≤' if goal.is_ceiling else '≥'} {goal.bound:,g}"
        verdict = "ok" if goal.is_met(value) else "**missed**"
        lines.append(f"| {goal.part} | {goal.says} | {asked} | {value:,.2f} | {verdict} |")
    lines += [
        "",
        "| who | clients | per second | server µs | caller µs | p50 µs | p99 µs |",
        "|---|" + "--:|" * 6,
    ]
    for one in told["crews"].values():
        figures = (one[name] for name in ("per_s", "server_us", "caller_us", "p50_us", "p99_us"))
        lines.append(
            f"| {one['name']} | {one['clients']} | {' | '.join(f'{figure:,.0f}' for figure in figures)} |"
        )
    if "anatomy" in told:
        lines += [
            "",
            "CPU µs a call inside one transaction (`tests/bench/parts/anatomy.py`), least of seven rounds:",
            "",
        ]
        lines += ["| call | µs |", "|---|--:|"]
        lines += [f"| {name.replace('_us', '')} | {value:,.1f} |" for name, value in told["anatomy"].items()]
    lines += ["", *(f"Not measured: {reason}." for reason in told["skipped"])]
    return "\n".join(lines)


def _chart(measured: Sequence[tuple[Goal, float]]) -> str:
    """Each goal as a bar: full at the goal, longer where more is reached, cut at 1.4 times."""
    height = 24 * len(measured) + 44
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 {height}" font-family="sans-serif"',
        ' font-size="12">',
        f'<rect width="960" height="{height}" fill="#fff"/>',
        f'<line x1="800" y1="24" x2="800" y2="{height - 16}" stroke="#666" stroke-dasharray="3 3"/>',
        '<text x="800" y="16" text-anchor="middle" fill="#444">goal</text>',
    ]
    for row, (goal, value) in enumerate(measured):
        # How much of the goal is reached; a ceiling is reached the better the lower the figure.
        reached = goal.bound / value if goal.is_ceiling and value else value / goal.bound
        width = min(reached, 1.4) * 200
        colour = "#2e7d6b" if goal.is_met(value) else "#c0553a"
        y = 30 + 24 * row
        lines += [
            f'<text x="8" y="{y + 13}" fill="#222">{goal.part}</text>',
            f'<text x="52" y="{y + 13}" fill="#222">{escape(goal.says)}</text>',
            f'<rect x="600" y="{y}" width="{width:.0f}" height="17" rx="2" fill="{colour}"/>',
            f'<text x="{606 + width:.0f}" y="{y + 13}" fill="#222">{value:,.2f}</text>',
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"


if __name__ == "__main__":
    main()
