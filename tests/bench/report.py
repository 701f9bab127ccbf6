"""What a run says: a table, build/bench.json, and the chart of docs/performance.md."""

import json
import os
import platform
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.goals import GOALS
from tests.bench.run import Run
from tests.databases import PROJECT

JSON = PROJECT / "build" / "bench.json"
CHART = PROJECT / "docs" / "img" / "performance.svg"


def show(run: Run) -> None:
    """Goals with what was measured, then what each crew did."""
    console = Console(width=150)
    table = Table(title=f"Goals, {run.scale.name} scale", title_justify="left")
    for name, justify in (
        ("", "left"),
        ("goal", "left"),
        ("asked", "right"),
        ("measured", "right"),
        ("", "left"),
    ):
        table.add_column(name, justify=justify)
    for goal in GOALS:
        value = run.figures.get(goal.part, {}).get(goal.figure)
        if value is not None:
            verdict = "[green]ok[/]" if goal.is_met(value) else "[red]missed[/]"
            asked = f"{'≤' if goal.is_ceiling else '≥'} {goal.bound:,g}"
            table.add_row(goal.part, goal.says, asked, f"{value:,.2f}", verdict)
    console.print(table)
    table = Table(title="What each did (medians)", title_justify="left")
    for name in ("who", "clients", "per second", "server µs", "caller µs", "p50 µs", "p99 µs"):
        table.add_column(name, justify="left" if name == "who" else "right")
    for one in run.told:
        figures = (one.per_s, one.server_us, one.caller_us, one.p50_us, one.p99_us)
        table.add_row(one.name, str(one.clients), *(f"{figure:,.0f}" for figure in figures))
    console.print(table)
    for reason in run.skipped:
        console.print(f"not measured: {reason}")


def write(run: Run, file: Path) -> None:
    """Write {"P1": {"accrue_vs_floor": 0.91, …}, …} and, beside the goals, how it was measured."""
    file.parent.mkdir(exist_ok=True)
    how = {
        "scale": run.scale.name,
        "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "load": os.getloadavg(),
    }
    told = {one.name: vars(one) for one in run.told}
    content = {**run.figures, "how": how, "crews": told, "skipped": run.skipped}
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def chart() -> None:
    """Draw docs/img/performance.svg from build/bench.json: each goal as a bar, full at its bound."""
    figures = json.loads(JSON.read_text(encoding="utf-8"))
    measured = [
        (goal, figures[goal.part][goal.figure]) for goal in GOALS if goal.figure in figures.get(goal.part, {})
    ]
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
    CHART.parent.mkdir(exist_ok=True)
    CHART.write_text("\n".join([*lines, "</svg>"]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    chart()
