"""Crews of clients, and rounds in which they take turns, so that the machine's drift meets all alike."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.schemas import PROJECT

_TICK = os.sysconf("SC_CLK_TCK")


def processes_cpu_s(root: int) -> float:
    """CPU seconds of the process `root`, of all below it, and of those of its children that have ended."""
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        pid = int(stat.parent.name)
        parents[pid] = int(fields[1])
        # utime, stime, and what ended children had used (cutime, cstime).
        seconds[pid] = sum(int(ticks) for ticks in fields[11:15]) / _TICK
    return sum(value for pid, value in seconds.items() if pid == root or parents[pid] == root)


@dataclass(frozen=True)
class Round:
    """What a crew did in one round: `latencies` in µs a call, CPU in seconds."""

    operations: int
    seconds: float
    server_cpu: float
    caller_cpu: float
    latencies: Sequence[float] = field(repr=False)

    @property
    def per_s(self) -> float:
        return self.operations / self.seconds

    @property
    def server_us(self) -> float:
        return self.server_cpu / self.operations * 1e6

    @property
    def caller_us(self) -> float:
        return self.caller_cpu / self.operations * 1e6

    def quantile_us(self, share: float) -> float:
        """The latency that `share` of the calls did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True)
class Crew:
    """`clients` processes that do the operation `does` (MODULE:FUNCTION under tests.bench.ops)."""

    name: str
    does: str
    clients: int
    parameters: Mapping[str, Any]
    environment: Mapping[str, str] | None = None
    # Other processes than the crew's own that work for it, such as a web server's.
    helper: int | None = None


class Team:
    """A crew at work: its processes stay from round to round, with their connections."""

    def __init__(self, crew: Crew, *, server: int) -> None:
        """Start the processes of `crew`; `server` is the postmaster."""
        self.crew = crew
        self._server = server
        self._running = [self._start(index) for index in range(crew.clients)]

    def await_ready(self) -> None:
        """Wait until every process has made its operation."""
        for process in self._running:
            self._answer(process)

    def _start(self, index: int) -> "subprocess.Popen[str]":
        parameters = {**self.crew.parameters, "client": f"{self.crew.name}.{index}"}
        return subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.bench.worker",
                f"tests.bench.ops.{self.crew.does}",
                json.dumps(parameters),
            ],
            cwd=PROJECT,
            env={**(self.crew.environment or os.environ), "PYTHONPATH": str(PROJECT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def begin(self, *, seconds: float, calls_max: int = 10**9, every_s: float = 0) -> Callable[[], Round]:
        """Let all begin; what is returned waits for them and tells what they did."""
        cpu = self._cpu()
        order = json.dumps({"seconds": seconds, "calls_max": calls_max, "every_s": every_s})
        for process in self._running:
            assert process.stdin is not None
            process.stdin.write(order + "\n")
            process.stdin.flush()

        def finish() -> Round:
            answers = [self._answer(process) for process in self._running]
            server_cpu, helper_cpu = (after - before for after, before in zip(self._cpu(), cpu, strict=True))
            return Round(
                operations=sum(answer["operations"] for answer in answers),
                seconds=max(answer["seconds"] for answer in answers),
                server_cpu=server_cpu,
                caller_cpu=sum(answer["cpu"] for answer in answers)
                if self.crew.helper is None
                else helper_cpu,
                latencies=[latency for answer in answers for latency in answer["latencies"]],
            )

        return finish

    def work(self, *, seconds: float, calls_max: int = 10**9, every_s: float = 0) -> Round:
        """One round."""
        return self.begin(seconds=seconds, calls_max=calls_max, every_s=every_s)()

    def close(self) -> None:
        for process in self._running:
            assert process.stdin is not None
            process.stdin.close()
        for process in self._running:
            process.wait(timeout=30)

    def _cpu(self) -> tuple[float, float]:
        helper = self.crew.helper
        return processes_cpu_s(self._server), 0.0 if helper is None else processes_cpu_s(helper)

    def _answer(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"a client of {self.crew.name} ended; its reason stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def teams(crews: Sequence[Crew], *, server: int) -> Iterator[list[Team]]:
    """All crews ready at once."""
    with ExitStack() as stack:
        ready = []
        for crew in crews:
            team = Team(crew, server=server)
            stack.callback(team.close)
            ready.append(team)
        for team in ready:
            team.await_ready()
        yield ready


Rounds = dict[str, list[Round]]


def interleaved(
    crews: Sequence[Crew], *, server: int, rounds: int, seconds: float, calls_max: int = 10**9
) -> Rounds:
    """`rounds` rounds in which every crew works once, there and back by turns, after one to warm up."""
    told: Rounds = {crew.name: [] for crew in crews}
    with teams(crews, server=server) as ready:
        for team in ready:
            team.work(seconds=seconds / 3, calls_max=calls_max)
        for number in range(rounds):
            for team in ready if number % 2 == 0 else reversed(ready):
                told[team.crew.name].append(team.work(seconds=seconds, calls_max=calls_max))
    return told


def median_of(rounds: Sequence[Round], figure: Callable[[Round], float]) -> float:
    return statistics.median(figure(one) for one in rounds)


def ratio(told: Rounds, one: str, other: str, figure: Callable[[Round], float] = lambda r: r.per_s) -> float:
    """The median over the rounds of `one` against `other` in the same round."""
    return statistics.median(figure(a) / figure(b) for a, b in zip(told[one], told[other], strict=True))
