"""Asks the real services what the simulator wants asked, and tells their answers as plain data."""

from dataclasses import asdict
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, InterfaceError, connection

from common.errors import DomainError
from members.models import Member
from points import ledger, models
from points.rules.expiry import expiry_instant
from points.rules.limits import day_of, month_of
from points.rules.shares import Share
from points.services import accrual, exchange, expiry, holds, redemption, reversal
from tests.ledger_simulator import world
from tests.ledger_simulator.operations import LOST, Answer, Op, Shares
from units.models import BusinessUnit

BY = "simulator"


class Performer:
    """One client of the ledger, with its own database connection. Members and the like are read once."""

    def __init__(self) -> None:
        self.units = {unit.code: unit for unit in BusinessUnit.objects.all()}
        self.programs = {program.code: program for program in models.Program.objects.all()}
        self.codes = {program.pk: program.code for program in self.programs.values()}
        self.members = {member.pk: member for member in Member.objects.all()}

    def ask(self, op: Op) -> Answer:
        """The service's answer; `lost` if the connection broke before it came."""
        try:
            answer: Answer = getattr(self, f"_{op.kind}")(op)
        except DomainError as refusal:
            return Answer(refusal.code, short=refusal.facts.get("short", 0))
        except (DatabaseError, InterfaceError) as broken:
            if not is_away(broken):
                raise
            connection.close()
            return Answer(LOST)
        return answer

    def _accrue(self, op: Op) -> Answer:
        posting = accrual.accrue_points(
            **self._what(op), points=op.points, source_ref=op.ref, occurred_at=op.at, by=BY,
            available_at=op.available_at, rule="base v1",
        )  # fmt: skip
        # The service does not say whether it replayed.
        return Answer("posted", posted=(str(posting.pk),))

    def _accrue_many(self, op: Op) -> Answer:
        grants = [
            accrual.Grant(
                world.member_id(grant.member), grant.points, grant.ref, op.at, available_at=op.available_at
            )
            for grant in op.grants
        ]
        outcomes = accrual.accrue_many(
            program=self.programs[op.program], unit=self.units[op.unit], grants=grants, by=BY
        )
        return Answer(
            "posted", items=tuple(outcome.name for outcome in outcomes),
            posted=tuple(str(outcome.posting_id or "") for outcome in outcomes),
        )  # fmt: skip

    def _quote(self, op: Op) -> Answer:
        quote = redemption.quote_redemption(**self._what(op), price=op.points, at=op.at)
        return Answer("posted", self._told(quote.shares), token=quote.token)

    def _redeem(self, op: Op) -> Answer:
        done = redemption.redeem_points(
            **self._what(op), price=op.points, source_ref=op.ref, by=BY, at=op.at, quote_token=op.token
        )
        return self._spent(done)

    def _hold(self, op: Op) -> Answer:
        done = holds.hold_points(
            **self._what(op), price=op.points, source_ref=op.ref, by=BY, at=op.at, quote_token=op.token
        )
        outcome = "replayed" if done.is_replay else "posted"
        return Answer(outcome, self._told(done.shares), posted=(str(done.hold.pk),))

    def _capture(self, op: Op) -> Answer:
        unit, hold_id = self._held(op)
        return self._spent(
            holds.capture_hold(hold_id=hold_id, units=[unit], points=op.points, by=BY, at=op.at)
        )

    def _void(self, op: Op) -> Answer:
        unit, hold_id = self._held(op)
        hold = holds.void_hold(hold_id=hold_id, units=[unit], at=op.at)
        return Answer("posted", posted=(str(hold.pk),))

    def _time_out(self, op: Op) -> Answer:
        return Answer("posted", counts=(holds.time_out_holds(at=op.at),))

    def _take_back(self, op: Op) -> Answer:
        done = reversal.reverse_accrual(
            unit=self.units[op.unit], accrual_ref=op.original, points=op.points, source_ref=op.ref, by=BY,
            at=op.at,
        )  # fmt: skip
        counts = (done.taken, done.owed, done.forgiven)
        return Answer(
            "replayed" if done.is_replay else "posted", counts=counts, posted=(str(done.posting.pk),)
        )

    def _put_back(self, op: Op) -> Answer:
        done = reversal.reverse_redemption(
            unit=self.units[op.unit], redemption_ref=op.original, points=op.points, source_ref=op.ref, by=BY,
            at=op.at,
        )  # fmt: skip
        return self._spent(done)

    def _exchange(self, op: Op) -> Answer:
        done = exchange.exchange_points(
            member=self.members[world.member_id(op.member)], source=self.programs[op.program],
            target=self.programs[op.target], points=op.points, source_ref=op.ref, by=BY, at=op.at,
        )  # fmt: skip
        return self._carried(done.is_replay, done.posting.pk, done.given)

    def _adjust(self, op: Op) -> Answer:
        program = self.programs[op.program]
        policy = accrual.policy_of(program)
        done = ledger.adjust(
            ledger.Adjustment(
                world.member_id(op.member), program.pk, self.units[op.unit].pk, op.points, op.ref, op.at,
                expiry_instant(policy, op.at), program.unit_cost, policy.rolls, reason="simulated",
            ),
            actor=BY,
        )  # fmt: skip
        done.or_refuse(short=done.short)
        return self._carried(done.is_replay, done.posting_id)

    def _transfer(self, op: Op) -> Answer:
        program = self.programs[op.program]
        day_cap, month_cap = world.program_by_code(op.program).caps
        zone = ZoneInfo(program.time_zone)
        done = ledger.transfer(
            ledger.Transfer(
                world.member_id(op.member), world.member_id(op.to), program.pk, self.units[op.unit].pk,
                op.points, op.ref, op.at, ledger.Period(*day_of(op.at, zone), day_cap),
                ledger.Period(*month_of(op.at, zone), month_cap),
            ),
            actor=BY,
        )  # fmt: skip
        done.or_refuse(short=done.short)
        return self._carried(done.is_replay, done.posting_id)

    def _mature(self, op: Op) -> Answer:
        done = ledger.mature(
            accrual_id=self._posting(op, "accrual"), source_ref=op.ref, at=op.at, actor=BY
        ).or_refuse()
        return self._carried(done.is_replay, done.posting_id, done.released)

    def _move(self, op: Op) -> Answer:
        move = ledger.Move(
            world.member_id(op.member), world.member_id(op.to), self.programs[op.program].pk,
            self.units[op.unit].pk, op.ref, op.at,
        )  # fmt: skip
        done = ledger.move_wallet(move, actor=BY).or_refuse()
        return self._carried(done.is_replay, done.posting_id, done.moved, done.debt)

    def _unmove(self, op: Op) -> Answer:
        done = ledger.unmove(
            move_id=self._posting(op, "move"), source_ref=op.ref, at=op.at, actor=BY
        ).or_refuse()
        return self._carried(done.is_replay, done.posting_id, done.moved, done.debt)

    def _posting(self, op: Op, kind: str) -> UUID:
        """The id of the posting that an operation means; one that is nobody's, where there is none."""
        known = models.Posting.objects.filter(
            unit=self.units[op.unit], kind=kind, source_ref=op.original
        ).values_list("pk", flat=True)
        return known.first() or world.member_id(0)

    @staticmethod
    def _carried(is_replay: bool, posting_id: UUID | None, *counts: int) -> Answer:  # noqa: FBT001 -- as answered
        return Answer("replayed" if is_replay else "posted", counts=counts, posted=(str(posting_id),))

    def _sweep(self, op: Op) -> Answer:
        done = asdict(expiry.expire_due_lots(at=op.at, wallets_a_chunk=200))
        return Answer("posted", counts=(done["lots"], done["points"]))

    def _what(self, op: Op) -> dict[str, object]:
        return {
            "member": self.members[world.member_id(op.member)],
            "program": self.programs[op.program],
            "unit": self.units[op.unit],
        }

    def _held(self, op: Op) -> tuple[BusinessUnit, object]:
        unit = self.units[op.unit]
        hold = models.Hold.objects.filter(unit=unit, source_ref=op.original).first()
        # A till that knows no hold asks with an id that there is not.
        return unit, hold.pk if hold else world.member_id(0)

    def _spent(self, done: redemption.Redemption | reversal.PutBack) -> Answer:
        outcome = "replayed" if done.is_replay else "posted"
        return Answer(outcome, self._told(done.shares), posted=(str(done.posting.pk),))

    def _told(self, shares: tuple[Share, ...]) -> Shares:
        return tuple((self.codes[share.program_id], share.spent, share.covered) for share in shares)


def is_away(error: Exception) -> bool:
    """The server or the connection is gone, or the server gave up waiting: the outcome is unknown."""
    code = getattr(error.__cause__, "pgcode", None)
    return code is None or code[:2] in {"08", "57"} or code == "55P03"
