"""Where a lot came from, what became of it, and why it dies when it does."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from common.errors import NotFound
from points.models import Draw, Hold, Lot, Posting, PostingKind
from points.rules.expiry import ExpiryPolicy, expiry_instant
from points.rules.local_days import last_valid_day_before
from points.selectors.explaining.owed import owed_for
from points.selectors.explaining.terms import Term, one_snapshot, terms_by_kind

DRAWS_SHOWN = 100
HOLDS_SHOWN = 20
STEPS_MAX = 20
ANCESTORS_MAX = 100


class Origin(StrEnum):
    """What set the instant at which a lot dies."""

    NEVER = "never"
    ROLLING = "rolling"  # the last earning or redeeming in its program
    POLICY = "policy"  # the program's policy, as it still stands
    GRACE = "grace"  # given for points that came back after their lot had died
    INHERITED = "inherited"  # kept, or shortened to the new program's, from the lot it was made of
    OWN = "own"  # a date of its own, or a policy that has changed since


@dataclass(frozen=True, slots=True)
class LotDraw:
    """One posting's draw: `points` signed (negative: taken), `left` in the lot after it; what it makes owed.

    `owed` is what the lot's issuer owes the unit that honoured the points (negative: is given back).
    """

    posting: Posting
    points: int
    left: int
    owed: Decimal
    is_veiled: bool


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A lot that this one was made of, `steps` back; `by` is the posting that made it.

    Of another member's lot, a member learns only its program, its issuer and when it was earned.
    """

    lot: Lot
    steps: int
    is_veiled: bool

    @property
    def by(self) -> Posting:
        """The posting that made the ancestor."""
        return self.lot.posting


@dataclass(frozen=True, slots=True, kw_only=True)
class LotExplanation:
    """A lot from its birth on: `remaining` = its points + the sum of `terms` (those that took are negative).

    - `draws`: the latest 100, oldest first; `earlier_points` is what those before them moved, in sum
    - `ancestors`: back to the first earning, nearest first; empty where it was earned itself
    - `renewed_by`: of a lot that rolls, the activity whose date it lives by; None: its own earning
    - `holds`: the sales in progress that reserve a part of it, with how much
    """

    lot: Lot
    state: str
    last_valid_on: date | None
    origin: Origin
    terms: tuple[Term, ...]
    draws: tuple[LotDraw, ...]
    earlier_draws: int
    earlier_points: int
    ancestors: tuple[Ancestor, ...]
    renewed_by: Posting | None
    holds: tuple[tuple[Hold, int], ...]
    birth_is_veiled: bool

    @property
    def adds_up(self) -> bool:
        """By kind and draw by draw, what was given and what moved end in what remains."""
        by_kind = self.lot.points + sum(term.points for term in self.terms)
        by_draw = self.lot.points + self.earlier_points + sum(draw.points for draw in self.draws)
        return self.lot.remaining == by_kind == by_draw


def explain_lot(
    *, lot_id: UUID, at: datetime, viewer: UUID | None = None, program_code: str | None = None
) -> LotExplanation:
    """A lot's whole life, in a constant number of queries.

    With a `viewer` (a member's id), only their own lot, and nothing of another member behind it; with a
    `program_code`, only one of that program.

    :raises NotFound: there is no such lot, or it is not the viewer's
    """
    with one_snapshot():
        lot = _lots().filter(pk=lot_id).first()
        if lot is None or viewer not in (None, lot.member_id):
            raise NotFound
        if program_code not in (None, lot.program.code):
            raise NotFound
        draws, earlier, earlier_points = _draws(lot, viewer)
        held = (
            lot.held
            and (
                Hold.objects.filter(status="open", lots__lot=lot)
                .select_related("unit")
                .annotate(reserved=Sum("lots__points"))
                .order_by("held_at", "id")[:HOLDS_SHOWN]
            )
        )
        return LotExplanation(
            lot=lot,
            state=_state(lot, at),
            last_valid_on=last_valid_day_before(lot.expires_at, lot.program.time_zone),
            origin=origin_of(lot),
            terms=terms_by_kind(Draw.objects.filter(lot=lot), sign=-1),
            draws=draws,
            earlier_draws=earlier,
            earlier_points=earlier_points,
            ancestors=_ancestors(lot, viewer),
            renewed_by=_renewed_by(lot),
            holds=tuple((hold, int(hold.reserved)) for hold in held or ()),
            birth_is_veiled=viewer not in (None, lot.posting.member_id),
        )


def origin_of(lot: Lot) -> Origin:
    """What set the lot's expiry, as far as the books show it."""
    if lot.expires_at is None:
        return Origin.NEVER
    if lot.rolls:
        return Origin.ROLLING
    if lot.posting.kind == PostingKind.REVERSAL:
        return Origin.GRACE
    if lot.posting.kind not in (PostingKind.ACCRUAL, PostingKind.ADJUSTMENT):
        return Origin.INHERITED
    program = lot.program
    policy = ExpiryPolicy(program.expiry_kind, program.expiry_count, program.time_zone)
    return Origin.POLICY if lot.expires_at == expiry_instant(policy, lot.earned_at) else Origin.OWN


def _state(lot: Lot, at: datetime) -> str:
    if not lot.is_open:
        return "spent"
    if lot.expires_at is not None and lot.expires_at <= at:
        return "expired"
    return "pending" if lot.available_at > at else "available"


def _draws(lot: Lot, viewer: UUID | None) -> tuple[tuple[LotDraw, ...], int, int]:
    """The latest draws with what was left after each; how many came before, and what they moved."""
    mine = Draw.objects.filter(lot=lot)
    newest = list(mine.select_related("posting__unit").order_by("-id")[:DRAWS_SHOWN])
    count = earlier_points = 0
    if len(newest) == DRAWS_SHOWN:
        older = mine.filter(pk__lt=newest[-1].pk).aggregate(draws=Count("pk"), points=Sum("points"))
        count, earlier_points = older["draws"], -int(older["points"] or 0)
    left = lot.points + earlier_points
    told = []
    for draw in reversed(newest):
        left -= draw.points
        posting = draw.posting
        owed = owed_for(posting, issuer_id=lot.issuer_id, points=draw.points, unit_cost=lot.unit_cost)
        is_veiled = viewer not in (None, posting.member_id)
        told.append(LotDraw(posting, -draw.points, left, owed, is_veiled))
    return tuple(told), count, earlier_points


# Which lots a lot was made of: the one that its posting names; where it names none, those it drew on (of
# points that came back after their lot had died: those the reversed posting drew on) that share its issuer
# and the instant at which they were earned, which no posting changes.
_CHAIN = """
    WITH RECURSIVE chain (lot_id, posting_id, program_id, issuer_id, earned_at, steps) AS (
        SELECT id, posting_id, program_id, issuer_id, earned_at, 0 FROM points_lot WHERE id = %s
        UNION
        SELECT older.id, older.posting_id, older.program_id, older.issuer_id, older.earned_at, c.steps + 1
        FROM chain c
        JOIN points_posting p ON p.id = c.posting_id AND p.kind NOT IN ('accrual', 'adjustment')
        JOIN points_draw d ON d.posting_id = coalesce(p.reverses, p.id) AND d.points > 0
        JOIN points_lot older ON older.id = d.lot_id AND older.id <> c.lot_id
             AND CASE WHEN p.detail -> 'lots' ? c.lot_id::text
                      THEN older.id = (p.detail -> 'lots' ->> c.lot_id::text)::uuid
                      ELSE (older.issuer_id, older.earned_at) = (c.issuer_id, c.earned_at)
                           AND (p.reverses IS NULL OR older.program_id = c.program_id) END
        WHERE c.steps < %s
    )
    SELECT lot_id, min(steps) FROM chain WHERE steps > 0 GROUP BY lot_id ORDER BY 2, 1 LIMIT %s
"""


def _ancestors(lot: Lot, viewer: UUID | None) -> tuple[Ancestor, ...]:
    if lot.posting.kind in (PostingKind.ACCRUAL, PostingKind.ADJUSTMENT):
        return ()
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN, [lot.pk, STEPS_MAX, ANCESTORS_MAX])
        found = cursor.fetchall()
    lots = _lots().in_bulk([lot_id for lot_id, _steps in found])
    return tuple(
        Ancestor(lots[lot_id], steps, is_veiled=viewer not in (None, lots[lot_id].member_id))
        for lot_id, steps in found
    )


def _renewed_by(lot: Lot) -> Posting | None:
    if not lot.rolls or lot.expires_at is None:
        return None
    # As the kernel writes it: points/sql/rolling.
    until = f"{lot.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    renewing = Posting.objects.filter(
        member_id=lot.member_id, **{f"detail__renews_until__{lot.program_id}": until}
    )
    return renewing.select_related("unit").order_by("-occurred_at", "-id").first()


def _lots() -> QuerySet[Lot]:
    return Lot.objects.select_related("member", "program", "issuer", "posting__unit", "posting__member")
