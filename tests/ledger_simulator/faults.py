"""What goes wrong meanwhile, and when: sessions ended in mid-sentence, the server killed."""

from collections import Counter
from random import Random

from tests.ledger_simulator.place import Place

BACKEND_KILLS_A_SERVER_KILL = 3


class Faults:
    """A plan of faults by the progress of a run."""

    def __init__(self, place: Place, *, kills: int, seed: str) -> None:
        random = Random(f"{seed}/faults")
        kinds = ["server"] * kills + ["sessions"] * (BACKEND_KILLS_A_SERVER_KILL * kills + 2)
        self.plan = sorted(((random.uniform(0.03, 0.97), kind) for kind in kinds), reverse=True)
        self._acts = {"server": place.kill, "sessions": place.kill_backends}
        self.done: Counter[str] = Counter()

    def happen(self, progress: float) -> None:
        """Let happen what is due at `progress` (0 to 1)."""
        while self.plan and self.plan[-1][0] <= progress:
            _, kind = self.plan.pop()
            self._acts[kind]()
            self.done[kind] += 1
