"""P1, P2, P3, P9 and the service of P7: postings one by one, beside the floor and the peers."""

import time

import psycopg2

from tests.bench.crew import Crew
from tests.bench.filling import make_peers
from tests.bench.ops.kernel import ACCRUE, EXPIRES, PROGRAM, REDEEM, member_id
from tests.bench.parts.pgledger import make_pgledger
from tests.bench.run import LEDGER, PEERS, Run, p50_us, per_s, server_us


def measure(run: Run) -> None:
    """All crews in one interleaved group, so that each ratio is of neighbours in time."""
    members = {"members": run.scale.members}
    has_hordak = make_peers(run)
    has_pgledger = make_pgledger(run)
    crews = [
        run.crew("floor", "kernel:floor", 8, **members),
        run.crew("kernel earn", "kernel:accrue", 8, **members),
        run.crew("kernel redemption", "kernel:redeem", 8, **members),
        run.crew("kernel earn, 4", "kernel:accrue", 4, **members),
        run.crew("kernel redemption, 4", "kernel:redeem", 4, **members),
        Crew("earn service", "service:accrue", 4, members, run.place.environment(LEDGER)),
        *_peers(run, has_hordak=has_hordak, has_pgledger=has_pgledger),
    ]
    told = run.compare(crews)
    run.ratios(
        "P1",
        told,
        per_s,
        {"accrue_vs_floor": ("kernel earn", "floor"), "redeem_vs_floor": ("kernel redemption", "floor")},
    )
    run.ratios(
        "P1",
        told,
        server_us,
        {
            "accrue_cpu_vs_floor": ("kernel earn", "floor"),
            "redeem_cpu_vs_floor": ("kernel redemption", "floor"),
        },
    )
    pairs = {
        "accrue_vs_orm": ("kernel earn, 4", "ORM earn"),
        "redeem_vs_orm": ("kernel redemption, 4", "ORM redemption"),
        "accrue_vs_hordak": ("kernel earn, 4", "django-hordak"),
        "accrue_vs_pgledger": ("kernel earn", "pgledger, spread"),
        "accrue_vs_pgledger_hot": ("kernel earn", "pgledger, one house account"),
    }
    run.ratios("P3", told, per_s, {name: pair for name, pair in pairs.items() if pair[1] in told})
    run.ratios("P7", told, per_s, {"service_vs_orm": ("earn service", "ORM earn")})
    _one_unit(run)
    _replays(run)


def _peers(run: Run, *, has_hordak: bool, has_pgledger: bool) -> list[Crew]:
    members = {"members": run.scale.members}
    environment = run.place.environment(PEERS, "tests.bench.peer_settings")
    crews = [
        Crew("ORM earn", "peers:orm_earn", 4, members, environment),
        Crew("ORM redemption", "peers:orm_redeem", 4, members, environment),
    ]
    if has_hordak:
        crews.append(Crew("django-hordak", "peers:hordak", 4, {"accounts": 200}, environment))
    else:
        run.skipped.append("django-hordak: not installed (requirements-dev.txt)")
    if has_pgledger:
        crews += [
            run.crew("pgledger, spread", "peers:pgledger", 8, database="pgledger", is_hot=False),
            run.crew("pgledger, one house account", "peers:pgledger", 8, database="pgledger", is_hot=True),
        ]
    return crews


def _one_unit(run: Run) -> None:
    """P2: no row is shared by the postings of one unit, so that one unit may be as busy as all."""
    members = {"members": run.scale.members}
    told = run.compare(
        [
            run.crew("earn at 100 units, 8", "kernel:accrue", 8, units=100, **members),
            run.crew("earn at one unit, 8", "kernel:accrue", 8, units=1, **members),
            run.crew("earn at 100 units, 32", "kernel:accrue", 32, units=100, **members),
            run.crew("earn at one unit, 32", "kernel:accrue", 32, units=1, **members),
        ]
    )
    run.ratios(
        "P2",
        told,
        per_s,
        {
            "one_unit_vs_spread_8": ("earn at one unit, 8", "earn at 100 units, 8"),
            "one_unit_vs_spread_many": ("earn at one unit, 32", "earn at 100 units, 32"),
        },
    )


def _replays(run: Run) -> None:
    """P9: a retry is answered from the posting, and waits for nobody."""
    members = {"members": run.scale.members}
    told = run.compare(
        [
            run.crew("one earn", "kernel:accrue", 1, **members),
            run.crew("the same earn again", "kernel:replay_accrual", 1, **members),
            run.crew("one redemption", "kernel:redeem", 1, **members),
            run.crew("the same redemption again", "kernel:replay_redemption", 1, **members),
        ],
        seconds=run.scale.seconds / 2,
    )
    run.ratios(
        "P9",
        told,
        p50_us,
        {
            "replay_vs_accrual": ("the same earn again", "one earn"),
            "replay_vs_redemption": ("the same redemption again", "one redemption"),
        },
    )
    run.record("P9", replays_without_lock=sum(map(float, _replays_behind_a_lock(run))))


def _replays_behind_a_lock(run: Run) -> list[bool]:
    """Whether an earn and a redemption are answered again while somebody holds their wallet."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    calls = [
        (ACCRUE, (member_id(1), PROGRAM, 1, 5, "locked", at, at, EXPIRES, "0.01", "bench", "bench")),
        (REDEEM, (member_id(1), PROGRAM, 1, 5, "locked", at, "bench", None)),
    ]
    answered = []
    with run.place.admin(LEDGER) as link, run.place.admin(LEDGER) as holder:
        cursor = link.cursor()
        for call in calls:
            cursor.execute(*call)
        holder.autocommit = False
        holder.cursor().execute("SELECT FROM points_wallet WHERE member_id = %s FOR UPDATE", [member_id(1)])
        cursor.execute("SET lock_timeout = '200ms'")
        for call in calls:
            try:
                cursor.execute(*call)
            except psycopg2.errors.LockNotAvailable:
                answered.append(False)
            else:
                answered.append(cursor.fetchone()[0].startswith("(replayed,"))
        holder.rollback()
    return answered
