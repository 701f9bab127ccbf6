"""The goals: what a figure must reach, and in which words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """`figure` of `part` is to be at least (or at most) `bound`."""

    part: str
    figure: str
    says: str
    bound: float
    is_ceiling: bool = False

    def is_met(self, value: float) -> bool:
        return value <= self.bound if self.is_ceiling else value >= self.bound


GOALS = (
    Goal("P1", "accrue_vs_floor", "earn through the kernel against the floor, operations a second", 0.85),
    Goal("P1", "redeem_vs_floor", "redemption touching one lot against the floor", 0.55),
    Goal("P2", "one_unit_vs_spread_8", "all postings at one unit against 100 units, 8 clients", 0.95),
    Goal("P2", "one_unit_vs_spread_many", "the same, 32 clients", 0.95),
    Goal("P3", "accrue_vs_orm", "kernel earn against the ORM ledger's, 4 processes each", 5),
    Goal("P3", "redeem_vs_orm", "kernel redemption against the ORM ledger's, 4 processes each", 5),
    Goal("P3", "accrue_vs_hordak", "kernel earn against django-hordak, 4 processes each", 2.5),
    Goal("P3", "accrue_vs_pgledger", "kernel earn against pgledger, spread over its accounts, 8 clients", 3),
    Goal("P3", "accrue_vs_pgledger_hot", "the same, one house account", 6),
    Goal(
        "P4",
        "p50_1000_lots_vs_1",
        "median latency of a redemption with 1,000 open lots against 1",
        1.2,
        is_ceiling=True,
    ),
    Goal("P4", "us_per_lot", "server CPU µs for each further lot touched", 12, is_ceiling=True),
    Goal("P4", "hot_updates", "share of HOT updates where a draw leaves its lot open", 1.0),
    Goal(
        "P4", "plan_uses_lot_index", "redemptions find lots by the index of open lots, and scan no table", 1.0
    ),
    Goal(
        "P5",
        "batch_100_vs_single",
        "earns a second in batches of 100 against single calls, 8 clients each",
        4,
    ),
    Goal(
        "P5", "staged_vs_copy", "staged batch against COPY of the same rows into equally indexed tables", 0.5
    ),
    Goal("P6", "sweep_vs_bare", "sweep in one call against a bare UPDATE and INSERT, lots a second", 0.65),
    Goal("P6", "chunked_vs_one_shot", "sweep in the product's chunks against one call", 0.9),
    Goal("P6", "chunk_s_max", "the longest chunk, seconds", 2, is_ceiling=True),
    Goal(
        "P6",
        "foreground_p99_vs_idle",
        "99th percentile of an earn meanwhile against idle",
        2,
        is_ceiling=True,
    ),
    Goal("P7", "service_vs_orm", "the earn service from Django against the ORM ledger, 4 processes each", 5),
    Goal("P7", "http_vs_orm", "HTTP earn (key, retry key, rules) against DRF + ORM ledger", 3),
    Goal("P7", "http_vs_nothing", "HTTP earn against an empty DRF view", 0.4),
    Goal(
        "P7",
        "http_batch_vs_single",
        "activities a second over HTTP in batches of 100 against single ones",
        15,
    ),
    Goal(
        "parking",
        "exit_p99_ms",
        "99th percentile of an exit's answer at 50 a second, every source considered, ms",
        100,
        is_ceiling=True,
    ),
    Goal("parking", "exit_cpu_ms", "CPU of the web's workers for such an exit, ms", 30, is_ceiling=True),
    Goal("P8", "reads_vs_small", "a member's page on the large ledger against the small one", 0.9),
    Goal("P8", "accrue_vs_small", "earn on the large ledger against the small one", 0.8),
    Goal("P8", "redeem_vs_small", "redemption on the large ledger against the small one", 0.8),
    Goal(
        "P9", "replay_vs_accrual", "median latency of a repeated earn against the first", 0.4, is_ceiling=True
    ),
    Goal(
        "P9",
        "replay_vs_redemption",
        "median latency of a repeated redemption against the first",
        0.4,
        is_ceiling=True,
    ),
    Goal(
        "P9",
        "replays_without_lock",
        "kinds of posting whose repetition waits for no wallet (earn, redemption)",
        2,
    ),
    Goal("P11", "import_per_s", "activities imported a second, end to end", 10_000),
    *(
        Goal("matching", f"{name}_links_precision", f"{name}: precision of what is linked", 0.999)
        for name in ("febrl1", "febrl2")
    ),
    *(
        Goal("matching", f"{name}_call_names_{figure}", f"{name}, call names linked: {says}", bound)
        for name in ("febrl1", "febrl2")
        for figure, says, bound in (
            ("links_precision", "precision of what is linked", 0.999),
            ("links_recall", "recall of what is linked", 0.90),
            ("candidates_recall", "recall of what is linked or asked about", 0.97),
        )
    ),
    Goal("matching", "s_per_100k_rows", "a list of 100,000 rows, seconds", 600, is_ceiling=True),
    Goal("matching", "memory_gib", "memory of the import, GiB", 4, is_ceiling=True),
    *(
        Goal("matching", f"{way}_p99_ms", f"look-up by {way}, 99th percentile, ms", 5, is_ceiling=True)
        for way in ("phone", "card", "plate")
    ),
    Goal("tiers", "review_s_per_million", "seconds to review a million members", 300, is_ceiling=True),
    Goal("audit", "s_per_million", "seconds to audit a million postings", 15, is_ceiling=True),
    Goal("calls", "round_trips", "statements a kernel call sends", 1, is_ceiling=True),
)
# What does not depend on the machine, so that a smoke run may insist on it.
STRUCTURE = (
    ("P4", "hot_updates"),
    ("P4", "plan_uses_lot_index"),
    ("calls", "round_trips"),
)
