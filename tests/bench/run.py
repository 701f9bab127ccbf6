"""One run: the place, the scale, and the figures as they come in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.bench.crew import Crew, Round, Rounds, interleaved, median_of, ratio
from tests.bench.place import Place
from tests.bench.scale import Scale

LEDGER = "ledger"
PEERS = "peers"


@dataclass(frozen=True)
class Absolute:
    """What a crew did, as medians: for the table of absolute numbers."""

    name: str
    clients: int
    per_s: float
    server_us: float
    caller_us: float
    p50_us: float
    p99_us: float


@dataclass
class Run:
    """Figures by part; `told` what each crew did; `skipped` why something was not measured."""

    place: Place
    scale: Scale
    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    told: list[Absolute] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def record(self, part: str, **figures: float) -> None:
        self.figures.setdefault(part, {}).update({name: round(value, 4) for name, value in figures.items()})

    def crew(self, name: str, does: str, clients: int, *, database: str = LEDGER, **parameters: Any) -> Crew:
        """Clients with a bare driver; they sign in to `database` as the product does."""
        return Crew(name, does, clients, {"url": self.place.url(database), **parameters})

    def compare(
        self, crews: Sequence[Crew], *, seconds: float | None = None, calls_max: int = 10**9
    ) -> Rounds:
        """Let the crews take turns, and keep what each did."""
        crews = [replace(crew, clients=min(crew.clients, self.scale.clients_max)) for crew in crews]
        told = interleaved(
            crews,
            server=self.server,
            rounds=self.scale.rounds,
            seconds=seconds or self.scale.seconds,
            calls_max=calls_max,
        )
        self.told += [_absolute(crew, told[crew.name]) for crew in crews]
        return told

    def ratios(
        self, part: str, told: Rounds, figure: Callable[[Round], float], pairs: Mapping[str, tuple[str, str]]
    ) -> None:
        """Record for each name the ratio of two crews."""
        self.record(part, **{name: ratio(told, one, other, figure) for name, (one, other) in pairs.items()})

    @property
    def server(self) -> int:
        """The postmaster's process id."""
        pid = self.place.cluster.pid
        assert pid is not None, "the cluster runs"
        return pid


def per_s(one: Round) -> float:
    return one.per_s


def server_us(one: Round) -> float:
    return one.server_us


def p50_us(one: Round) -> float:
    return one.quantile_us(0.5)


def _absolute(crew: Crew, rounds: Sequence[Round]) -> Absolute:
    figures = (per_s, server_us, lambda one: one.caller_us, p50_us, lambda one: one.quantile_us(0.99))
    return Absolute(crew.name, crew.clients, *(round(median_of(rounds, figure), 1) for figure in figures))
