"""Dice for fees and plans, and the slow, plain ways to say what is right."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations, product
from zoneinfo import ZoneInfo

from parking.rules.fees import CapDay, Days, Rate, TariffTerms, curve_of
from parking.rules.offers import (
    Bill,
    Limits,
    PointsOffer,
    ReceiptOffer,
    RightOffer,
    Sources,
    VoucherOffer,
)

ZONES = ("Asia/Shanghai", "UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe")


def fee_by_the_minute(terms, start, minutes):
    """Walk every minute of the stay: a block that is used up begins another one."""
    if minutes <= terms.free_minutes:
        return 0
    zone, left, of_day, charged = ZoneInfo(terms.zone), 0, {}, 0
    for minute in range(minutes):
        if terms.free_is_deducted and minute < terms.free_minutes:
            continue
        if left == 0:
            local = (start + timedelta(minutes=minute)).astimezone(zone)
            weekend = local.weekday() in (5, 6)
            fits = [
                rate
                for rate in terms.rates
                if rate.starts <= local.hour * 60 + local.minute < rate.ends
                and rate.after <= charged
                and rate.days in ("every", "weekend" if weekend else "workday")
            ]
            rate = max(fits, key=lambda rate: rate.after)
            day = local.date() if terms.cap_day == "calendar" else minute // 1440
            of_day[day] = of_day.get(day, 0) + rate.cents
            left = rate.block
        left -= 1
        charged += 1
    cap = terms.cap_cents
    return sum(of_day.values()) if cap is None else sum(min(cap, cents) for cents in of_day.values())


def any_terms(dice, zone=None):
    rates = []
    for kind in dice.choice([[Days.EVERY], [Days.WORKDAY, Days.WEEKEND]]):
        edges = [0, *sorted(dice.sample(range(30, 1440, 30), dice.randrange(3))), 1440]
        for starts, ends in pairwise(edges):
            for after in [0, *sorted(dice.sample(range(15, 300, 15), dice.randrange(3)))]:
                block, cents = dice.choice([1, 7, 15, 30, 60, 120, 1440]), dice.randrange(1500)
                rates.append(Rate(kind, starts, ends, after, block, cents))
    return TariffTerms(
        rates=tuple(rates),
        zone=zone or dice.choice(ZONES),
        free_minutes=dice.choice([0, 15, 30, 120]),
        free_is_deducted=dice.random() < 0.4,
        cap_cents=dice.choice([None, 0, 999, 3000, 8000]),
        cap_day=dice.choice(list(CapDay)),
    )


def any_start(dice):
    """Anywhere in two years, often near a midnight or a change of the clock."""
    near = dice.choice(
        [
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=dice.randrange(2 * 365 * 1440)),
            datetime(2026, 3, 8, 6, 0, tzinfo=UTC) + timedelta(minutes=dice.randrange(-600, 600)),
            datetime(2026, 11, 1, 5, 0, tzinfo=UTC) + timedelta(minutes=dice.randrange(-600, 600)),
            datetime(2026, 10, 3, 15, 0, tzinfo=UTC) + timedelta(minutes=dice.randrange(-600, 600)),
        ]
    )
    return near + timedelta(seconds=dice.randrange(60))


def any_bill(dice, minutes_max=3000):
    terms, start = any_terms(dice), any_start(dice)
    minutes = dice.randrange(minutes_max)
    curve = curve_of(terms, start=start, minutes=minutes)
    fee = curve.cents(minutes)
    paid = dice.choice([0, 0, 0, dice.randrange(fee + 1)])
    covered = dice.choice([0, 0, dice.randrange(fee - paid + 1)])
    return Bill(minutes, fee - paid - covered, curve, paid, covered)


def any_sources(dice, *, rights=5, receipts=20, vouchers=10, minutes=600, points=5000, units=(1, 15, 30, 60)):
    return Sources(
        rights=tuple(
            RightOffer(f"r{n}", dice.randrange(minutes), dice.choice(units))
            for n in range(dice.randrange(rights + 1))
        ),
        receipts=tuple(
            ReceiptOffer(f"b{n}", dice.randrange(1, 60_000)) for n in range(dice.randrange(receipts + 1))
        ),
        vouchers=tuple(any_voucher(dice, n) for n in range(dice.randrange(vouchers + 1))),
        points=PointsOffer(
            dice.choice([0, dice.randrange(points)]), dice.randrange(1, 200), dice.randrange(1, 200)
        ),
        limits=Limits(
            free_minutes=dice.choice([None, 0, 45, dice.randrange(minutes)]),
            vouchers=dice.choice([0, 1, 2, 3]),
            receipts=dice.choice([0, 1, 3, 20]),
            receipt_cents=dice.choice([0, 5_000, 10_000, 3_333]),
            receipt_minutes=dice.choice([0, 20, 30, 60]),
            receipt_minutes_max=dice.choice([None, 45, 120]),
        ),
    )


def any_voucher(dice, n):
    batch = dice.choice("ab")
    if dice.random() < 0.5:
        return VoucherOffer(f"v{n}", minutes=dice.choice([30, 60, 120]), batch=f"h{batch}", batch_max=2)
    return VoucherOffer(
        f"v{n}",
        cents=dice.choice([300, 500, 1234]),
        min_cents=dice.choice([0, 0, 800, 2000]),
        batch=batch,
        batch_max=1 + (batch == "a"),
    )


def cheapest_of_all(bill, sources):
    """The best of every combination: money, points, vouchers, face, their minutes, those of rights,
    receipts.
    """
    limits, best = sources.limits, None
    timed = bill.minutes if bill.curve else 0
    cap = timed if limits.free_minutes is None else min(timed, limits.free_minutes)
    right_ways = [range(0, right.minutes + 1, right.unit) for right in sources.rights]
    for vouchers in subsets(sources.vouchers, limits.vouchers):
        if any(sum(o.batch == v.batch for o in vouchers) > v.batch_max for v in vouchers):
            continue
        for receipts in subsets(sources.receipts, limits.receipts):
            step_ways = [0]
            if receipts and limits.receipt_cents:
                most = sum(one.cents for one in receipts) // limits.receipt_cents * limits.receipt_minutes
                if limits.receipt_minutes_max is not None and limits.receipt_minutes:
                    most = min(
                        most, limits.receipt_minutes_max // limits.receipt_minutes * limits.receipt_minutes
                    )
                step_ways = sorted({*range(0, most + 1, limits.receipt_minutes or most + 1)})
            for steps in step_ways:
                for given in product(*right_ways):
                    free = sum(given) + steps + sum(v.minutes for v in vouchers)
                    due = bill.due(min(cap, free))
                    if not any(all_find_their_minimum(due, order) for order in permutations(vouchers)):
                        continue
                    left = max(0, due - sum(v.cents for v in vouchers))
                    money, points = best_points(sources.points, left)
                    face, hours = sum(v.cents for v in vouchers), sum(v.minutes for v in vouchers)
                    used = len(receipts) if steps or receipts else 0
                    cost = (money, points, len(vouchers), face, hours, sum(given), used)
                    best = cost if best is None or cost < best else best
    return best


def all_find_their_minimum(due, vouchers):
    for one in vouchers:
        if due < one.min_cents:
            return False
        due = max(0, due - one.cents)
    return True


def best_points(offer, cents):
    """Every number of points is tried."""
    ways = []
    for points in range(offer.points + 1):
        covered = min(cents, points * offer.den // offer.num)
        ways.append((cents - covered, points))
        if covered == cents:
            break
    return min(ways)


def subsets(things, most):
    ways = [()]
    for thing in things:
        ways += [(*way, thing) for way in ways if len(way) < most]
    return ways
