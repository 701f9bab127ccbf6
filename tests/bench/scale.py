"""How much is measured: a smoke in a minute, the default in ten, or the full sizes of the goals."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes and lengths of a run."""

    name: str
    members: int
    rounds: int
    seconds: float
    # P4: members with many lots, and how many each.
    rich_members: int
    rich_lots: int
    # P5: rows of the staged batch.
    staged: int
    # P6: lots that fall due, one a wallet.
    due: int
    # P8: entries in the small and in the large database, and entries a member.
    growth: tuple[int, int]
    # P11: rows of the imported file.
    rows: int
    clients_max: int = 32


SCALES = {
    scale.name: scale
    for scale in (
        Scale("smoke", 500, 1, 0.2, 5, 200, 500, 2_000, (500, 2_000), 300, clients_max=1),
        Scale("default", 100_000, 5, 1.5, 100, 1_000, 100_000, 100_000, (100_000, 1_000_000), 30_000),
        Scale("full", 100_000, 7, 4.0, 100, 1_000, 100_000, 1_000_000, (100_000, 10_000_000), 100_000),
    )
}
