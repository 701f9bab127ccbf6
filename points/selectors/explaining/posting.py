"""What a posting moved: wallet by wallet, lot by lot, at which rates, and what it makes the units owe."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum

from common.errors import NotFound
from points.models import Draw, Entry, Hold, Lot, Posting, PostingKind, Program
from points.selectors.explaining.grounds import Ground, grounds_of
from points.selectors.explaining.owed import Owed, owed_for
from points.selectors.explaining.terms import one_snapshot
from points.selectors.redemptions import redemption_at_units
from units.models import BusinessUnit

LINES_SHOWN = 200


@dataclass(frozen=True, slots=True)
class WalletSum:
    """What happened to one wallet: `moved` = `given` in new lots − `drawn` from lots + `debt_less`.

    `drawn` is negative where points were put back; `debt_less` is the debt repaid (negative: recorded).
    """

    program: Program
    member_id: UUID
    moved: int
    given: int
    drawn: int
    debt_less: int

    @property
    def adds_up(self) -> bool:
        """The parts end in what moved."""
        return self.moved == self.given - self.drawn + self.debt_less


@dataclass(frozen=True, slots=True)
class Conversion:
    """`spent` of one program covered `covered` of another at numerator/denominator; `dust` is what was lost.

    `dust`/`denominator` is the fraction of a point that rounding down left behind, of an exchange.
    """

    source: Program
    target: Program
    spent: int
    covered: int
    numerator: int
    denominator: int
    dust: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingExplanation:
    """A posting taken apart. At most 200 draws and 200 lots are listed; the sums are of all of them.

    - `wallets`: a line a wallet that it moved or whose lots it changed; each adds up by itself
    - `owed`: what each issuer owes the honouring unit by it, exact
    - `conversions`: the rates that it used
    - `standing`: its points less what was reversed of it
    - `grounds`: the rules that were looked at before it was made, where a floor above knows them
    - `is_veiled`: the viewer has a part in it, but another member made it: who and by what is not told
    """

    posting: Posting
    entries: tuple[Entry, ...]
    wallets: tuple[WalletSum, ...]
    draws: tuple[Draw, ...]
    draws_left_out: int
    lots: tuple[Lot, ...]
    lots_left_out: int
    owed: tuple[Owed, ...]
    conversions: tuple[Conversion, ...]
    reverses: Posting | None
    reversals: tuple[Posting, ...]
    hold: Hold | None
    grounds: tuple[Ground, ...]
    is_veiled: bool

    @property
    def standing(self) -> int:
        """Its points less what later postings reversed."""
        return self.posting.points - sum(reversal.points for reversal in self.reversals)

    @property
    def adds_up(self) -> bool:
        """What the lines imply of debts is what a posting of this kind does to them."""
        if not all(line.adds_up for line in self.wallets):
            return False
        by_line = [line.debt_less for line in self.wallets]
        match self.posting.kind:
            case PostingKind.ACCRUAL:
                # It draws on its own lot to repay, and on nothing else.
                return by_line == [line.drawn for line in self.wallets]
            case PostingKind.REVERSAL:
                return sum(by_line) == -int((self.posting.detail or {}).get("owed", 0))
            case PostingKind.MOVE:
                # A debt moves with its wallet; the side of one member alone says nothing of it.
                return len({line.member_id for line in self.wallets}) == 1 or sum(by_line) == 0
            case _:
                return all(0 <= line.debt_less <= max(0, line.drawn) for line in self.wallets)


def explain_posting(*, posting_id: UUID, viewer: UUID | None = None) -> PostingExplanation:
    """A posting taken apart, in a constant number of queries.

    With a `viewer` (a member's id), only one that moved their points, and only their side of it.

    :raises NotFound: there is no such posting, or it moved nothing of the viewer's
    """
    with one_snapshot():
        postings = Posting.objects.select_related("unit", "member", "program")
        posting = postings.filter(pk=posting_id).first()
        if posting is None:
            raise NotFound
        mine: dict[str, Any] = {} if viewer is None else {"member_id": viewer}
        entries = tuple(
            posting.entries.filter(**mine)
            .select_related("program", "unit", "member")
            .order_by("program__code", "id")
        )
        if viewer not in (None, posting.member_id) and not entries:
            raise NotFound
        draws = Draw.objects.filter(posting=posting, **mine)
        lots = Lot.objects.filter(posting=posting, **mine)
        drawn, given = _sums(draws, "lot__"), _sums(lots, "")
        units = BusinessUnit.objects.in_bulk({key[2] for key in (*drawn, *given)})
        programs = Program.objects.in_bulk(_programs_of(posting, drawn, given))
        reversals = Posting.objects.filter(reverses=posting.pk).select_related("unit").order_by("id")
        is_veiled = viewer not in (None, posting.member_id)
        return PostingExplanation(
            posting=posting,
            entries=entries,
            wallets=_wallets(entries, drawn, given, programs),
            draws=tuple(
                draws.select_related("lot__program", "lot__issuer", "member").order_by("id")[:LINES_SHOWN]
            ),
            draws_left_out=max(0, sum(row["rows"] for row in drawn.values()) - LINES_SHOWN),
            lots=tuple(lots.select_related("program", "issuer", "member").order_by("id")[:LINES_SHOWN]),
            lots_left_out=max(0, sum(row["rows"] for row in given.values()) - LINES_SHOWN),
            owed=_owed(posting, drawn, given, units, programs),
            conversions=() if is_veiled else _conversions(posting, programs),
            reverses=postings.filter(pk=posting.reverses).first() if posting.reverses else None,
            reversals=tuple(reversals),
            hold=_hold_of(posting),
            grounds=() if is_veiled else grounds_of(posting),
            is_veiled=is_veiled,
        )


def explain_redemption(*, record_id: UUID, unit_ids: Collection[int], at: datetime) -> PostingExplanation:
    """The payment behind a price held or paid at one of the units, by the id of its receipt or posting.

    :raises NotFound: there is none, it is another unit's, or it was held and not paid
    """
    record = redemption_at_units(record_id=record_id, unit_ids=unit_ids, at=at)
    if record.posting_id is None:
        raise NotFound
    return explain_posting(posting_id=record.posting_id)


_Key = tuple[UUID, int, int, Decimal]


def _sums(rows: Any, lot: str) -> dict[_Key, dict[str, int]]:
    """Points and rows by (member, program, issuer, cost): few, however many lots there are."""
    keys = ["member_id", f"{lot}program_id", f"{lot}issuer_id", f"{lot}unit_cost"]
    summed = rows.order_by().values_list(*keys).annotate(total=Sum("points"), rows=Count("pk"))
    return {tuple(key): {"points": int(total), "rows": count} for *key, total, count in summed}


def _programs_of(posting: Posting, *sums: Iterable[_Key]) -> set[int]:
    detail = posting.detail or {}
    told = {share["program"] for share in detail.get("shares") or []} | {posting.program_id}
    if "target" in detail:
        told.add(detail["target"])
    return told | {key[1] for some in sums for key in some}


def _wallets(
    entries: Iterable[Entry],
    drawn: dict[_Key, dict[str, int]],
    given: dict[_Key, dict[str, int]],
    programs: dict[int, Program],
) -> tuple[WalletSum, ...]:
    moved: dict[tuple[UUID, int], int] = {}
    for entry in entries:
        key = (entry.member_id, entry.program_id)
        moved[key] = moved.get(key, 0) + entry.points
    keys = {(member_id, program_id) for member_id, program_id, *_rest in (*drawn, *given)} | moved.keys()
    lines = []
    for member_id, program_id in sorted(keys, key=lambda key: (programs[key[1]].code, str(key[0]))):
        made, taken = (
            sum(row["points"] for row_key, row in some.items() if row_key[:2] == (member_id, program_id))
            for some in (given, drawn)
        )
        net = moved.get((member_id, program_id), 0)
        lines.append(WalletSum(programs[program_id], member_id, net, made, taken, net - made + taken))
    return tuple(lines)


def _owed(
    posting: Posting,
    drawn: dict[_Key, dict[str, int]],
    given: dict[_Key, dict[str, int]],
    units: dict[int, BusinessUnit],
    programs: dict[int, Program],
) -> tuple[Owed, ...]:
    """By issuer and program. Points that came back into a new lot count as those put back do."""
    owed: dict[tuple[int, int], tuple[int, Decimal]] = {}
    back = given if posting.kind == PostingKind.REVERSAL else {}
    for sign, rows in ((1, drawn), (-1, back)):
        for (_member, program_id, issuer_id, cost), row in rows.items():
            points = sign * row["points"]
            amount = owed_for(posting, issuer_id=issuer_id, points=points, unit_cost=cost)
            if amount:
                before = owed.get((issuer_id, program_id), (0, Decimal(0)))
                owed[issuer_id, program_id] = (before[0] + points, before[1] + amount)
    return tuple(
        Owed(units[issuer_id], posting.unit, points, amount, programs[program_id].currency)
        for (issuer_id, program_id), (points, amount) in sorted(owed.items())
    )


def _conversions(posting: Posting, programs: dict[int, Program]) -> tuple[Conversion, ...]:
    """Of a redemption, what other programs' wallets covered; of an exchange, what was turned into what."""
    detail = posting.detail or {}
    if posting.kind == PostingKind.EXCHANGE:
        return (
            Conversion(
                source=posting.program,
                target=programs[detail["target"]],
                spent=posting.points,
                covered=detail["given"],
                numerator=detail["numerator"],
                denominator=detail["denominator"],
                dust=detail["dust"],
            ),
        )
    return tuple(
        Conversion(
            source=programs[share["program"]],
            target=posting.program,
            spent=share["spent"],
            covered=share["covered"],
            numerator=share["numerator"],
            denominator=share["denominator"],
        )
        for share in detail.get("shares") or []
        if "numerator" in share and share["program"] != posting.program_id
    )


def _hold_of(posting: Posting) -> Hold | None:
    hold_id = (posting.detail or {}).get("hold")
    return None if hold_id is None else Hold.objects.filter(pk=hold_id).select_related("unit").first()
