"""P6: the sweep, in one call and in chunks, beside a bare UPDATE and INSERT of the same lots."""

import statistics
import threading
import time

from points.services.expiry import WALLETS_A_CHUNK
from tests.bench.crew import Round, Team
from tests.bench.filling import Lots, fill
from tests.bench.run import Run
from tests.databases import signed_in

DUE = "2026-01-01"
SOURCE = "expiry_source"
# A till that earns fifty times a second.
EVERY_S = 0.02


def measure(run: Run) -> None:
    """Each way sweeps its own copy of one database, so that all find the same pages."""
    due = run.scale.due
    run.place.create(SOURCE)
    run.place.run(SOURCE, "people.sql", members=due)
    fill(run.place, SOURCE, Lots(due, points=100, expires_at="2025-06-01", prefix="due-"))
    run.place.settle(SOURCE)
    rounds = [
        {
            "bare": _bare(run),
            "one call": sum(_sweep(run, wallets=due)),
            "chunks": sum(_sweep(run, wallets=WALLETS_A_CHUNK)),
        }
        for _number in range(min(3, run.scale.rounds))
    ]
    seconds = {way: statistics.median(one[way] for one in rounds) for way in rounds[0]}
    chunks, idle, busy = _beside_a_till(run)
    run.record(
        "P6",
        sweep_vs_bare=statistics.median(one["bare"] / one["one call"] for one in rounds),
        chunked_vs_one_shot=statistics.median(one["one call"] / one["chunks"] for one in rounds),
        chunk_s_max=max(chunks),
        foreground_p99_vs_idle=busy.quantile_us(0.99) / idle.quantile_us(0.99),
        foreground_p99_ms=busy.quantile_us(0.99) / 1000,
        lots_per_s=due / seconds["chunks"],
        bare_lots_per_s=due / seconds["bare"],
    )


def _bare(run: Run) -> float:
    run.place.create("bare", template=SOURCE)
    run.place.checkpoint()
    began = time.perf_counter()
    run.place.run("bare", "bare_expiry.sql")
    return time.perf_counter() - began


def _sweep(run: Run, *, wallets: int) -> list[float]:
    """Sweep a copy of the source; the seconds of each chunk."""
    run.place.create("swept", template=SOURCE)
    run.place.checkpoint()
    return _chunks(run, "swept", wallets=wallets, expected=run.scale.due)


def _chunks(run: Run, database: str, *, wallets: int, expected: int) -> list[float]:
    taken, after, swept = [], 0, 0
    with signed_in(run.place.url(database)) as link, link.cursor() as cursor:
        while True:
            began = time.perf_counter()
            cursor.execute("SELECT * FROM points_expire(%s, %s, %s, 'bench')", (DUE, after, wallets))
            last, lots, _points = cursor.fetchone()
            if last is None:
                break
            taken.append(time.perf_counter() - began)
            after, swept = last, swept + lots
    assert swept == expected, f"{swept} lots swept, {expected} were due"
    return taken


def _beside_a_till(run: Run) -> tuple[list[float], Round, Round]:
    """The chunks' seconds, and what a till met while idle and during the sweep."""
    run.place.create("busy", template=SOURCE)
    run.place.checkpoint()
    crew = run.crew(
        "till beside the sweep", "kernel:accrue", 1, database="busy", members=run.scale.due, is_patient=True
    )
    team = Team(crew, server=run.server)
    taken: list[float] = []
    try:
        team.await_ready()
        team.work(seconds=0.5, every_s=EVERY_S)
        idle = team.work(seconds=run.scale.seconds * 3, every_s=EVERY_S)
        sweeper = threading.Thread(
            target=lambda: taken.extend(_chunks(run, "busy", wallets=WALLETS_A_CHUNK, expected=run.scale.due))
        )
        rounds = []
        sweeper.start()
        while sweeper.is_alive():
            rounds.append(team.work(seconds=0.25, every_s=EVERY_S))
        sweeper.join()
    finally:
        team.close()
    latencies = [latency for one in rounds for latency in one.latencies]
    return taken, idle, Round(len(latencies), 1, 0, 0, latencies)
