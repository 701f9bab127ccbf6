"""What a run says: a table on the terminal and build/bench.json."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.goals import GOALS
from tests.bench.run import Run
from tests.schemas import PROJECT

JSON = PROJECT / "build" / "bench.json"


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
