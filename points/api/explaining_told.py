"""Explanations as the messages tell them: codes for units and programs, words in the asked language."""

from typing import Any
from uuid import UUID

from common import Money
from points.api.explaining_shapes import PaymentExplanationShape, PostingExplanationShape
from points.models import Lot
from points.rules.local_days import last_valid_day_before
from points.selectors.explaining import (
    BalanceExplanation,
    LotExplanation,
    PostingExplanation,
    balance_words,
    lot_words,
    posting_words,
)


def balance_told(explained: BalanceExplanation, page: dict[str, Any]) -> dict[str, Any]:
    """A balance, with one page of its lots."""
    return {
        "program": explained.program.code,
        "name": explained.program.name,
        "as_of": explained.as_of,
        "balance": explained.balance,
        "headline": balance_words.headline(explained),
        "uses": balance_words.by_use(explained),
        "history": balance_words.by_history(explained),
        "lot_sums": balance_words.by_lots(explained),
        "origins": balance_words.by_origin(explained),
        "endings": [
            {
                "points": ending.points,
                "lots": ending.lots,
                "expires_at": ending.expires_at,
                "last_valid_on": ending.last_valid_on,
                "issuer": ending.issuer.code,
                "rule": ending.rule,
                "words": balance_words.ending_told(ending),
            }
            for ending in explained.endings
        ],
        "lots": page,
    }


def standing_lot_told(lot: Any) -> dict[str, Any]:
    """A row of the lots that stand in a wallet."""
    return {
        "id": lot.pk,
        "issuer": lot.issuer.code,
        "kind": lot.posting.kind,
        "rule": lot.posting.rule,
        "posting": lot.posting_id,
        "points": lot.points,
        "left": lot.left,
        "held": lot.reserved,
        "state": lot.state,
        "earned_at": lot.earned_at,
        "available_at": lot.available_at,
        "expires_at": lot.expires_at,
        "last_valid_on": last_valid_day_before(lot.expires_at, lot.program.time_zone),
    }


def lot_told(explained: LotExplanation, *, viewer: UUID) -> dict[str, Any]:
    """A lot as its member may hear of it: no costs, and nothing of anybody else."""
    lot, renewed = explained.lot, explained.renewed_by
    return {
        "id": lot.pk,
        "program": lot.program.code,
        "issuer": lot.issuer.code,
        "points": lot.points,
        "remaining": lot.remaining,
        "held": lot.held,
        "state": explained.state,
        "available_at": lot.available_at,
        "headline": lot_words.headline(explained),
        "sums": lot_words.by_kind(explained),
        "birth": {
            "posting": lot.posting_id,
            "kind": lot.posting.kind,
            "unit": lot.posting.unit.code,
            "source_ref": None if explained.birth_is_veiled else lot.posting.source_ref,
            "rule": lot.posting.rule,
            "occurred_at": lot.posting.occurred_at,
            "words": lot_words.birth_told(explained, viewer=viewer),
        },
        "expiry": {
            "origin": explained.origin.value,
            "expires_at": lot.expires_at,
            "last_valid_on": explained.last_valid_on,
            "renewed_by": renewed.pk if renewed else None,
            "words": lot_words.expiry_told(explained),
        },
        "earlier": {"draws": explained.earlier_draws, "points": explained.earlier_points},
        "draws": [
            {
                "posting": None if draw.is_veiled else draw.posting.pk,
                "kind": draw.posting.kind,
                "unit": draw.posting.unit.code,
                "points": draw.points,
                "left": draw.left,
                "occurred_at": draw.posting.occurred_at,
                "words": lot_words.draw_told(draw),
            }
            for draw in explained.draws
        ],
        "holds": [
            {"unit": hold.unit.code, "points": points, "expires_at": hold.expires_at}
            for hold, points in explained.holds
        ],
        "made_of": [
            {
                "steps": ancestor.steps,
                "id": None if ancestor.is_veiled else ancestor.lot.pk,
                "program": ancestor.lot.program.code,
                "issuer": ancestor.lot.issuer.code,
                "earned_at": ancestor.lot.earned_at,
                "words": lot_words.ancestor_told(ancestor),
            }
            for ancestor in explained.ancestors
        ],
    }


def posting_told(explained: PostingExplanation, *, viewer: UUID) -> Any:
    """A posting as a member may hear of it."""
    return PostingExplanationShape(_posting(explained, viewer)).data


def payment_told(explained: PostingExplanation) -> Any:
    """A payment as the unit that honoured it may hear of it, with what it is owed."""
    owed = [
        {
            "issuer": owed.issuer.code,
            "honoured_by": owed.honoured_by.code,
            "points": owed.points,
            "is_given_back": owed.amount < 0,
            "amount": Money(abs(owed.amount), owed.currency),
            "words": posting_words.owed_told(owed),
        }
        for owed in explained.owed
    ]
    return PaymentExplanationShape({**_posting(explained, None), "owed": owed}).data


def _posting(explained: PostingExplanation, viewer: UUID | None) -> dict[str, Any]:
    posting = explained.posting
    return {
        "id": posting.pk,
        "kind": posting.kind,
        "unit": posting.unit.code,
        "source_ref": None if explained.is_veiled else posting.source_ref,
        "program": posting.program.code,
        "points": posting.points,
        "rule": posting.rule,
        "occurred_at": posting.occurred_at,
        "posted_at": posting.posted_at,
        "headline": posting_words.headline(explained, viewer=viewer),
        "wallets": [
            {
                "program": line.program.code,
                "points": line.moved,
                "sums": posting_words.by_wallet(line),
                "words": posting_words.wallet_told(line),
            }
            for line in explained.wallets
        ],
        "conversions": [
            {
                "source": conversion.source.code,
                "target": conversion.target.code,
                "spent": conversion.spent,
                "covered": conversion.covered,
                "numerator": conversion.numerator,
                "denominator": conversion.denominator,
                "words": posting_words.conversion_told(conversion),
            }
            for conversion in explained.conversions
        ],
        "draws": [{**_of(draw.lot), "points": draw.points} for draw in explained.draws],
        "draws_left_out": explained.draws_left_out,
        "lots": [{**_of(lot), "points": lot.points, "expires_at": lot.expires_at} for lot in explained.lots],
        "lots_left_out": explained.lots_left_out,
        "grounds": explained.grounds,
        "reverses": posting.reverses,
        "reversals": [
            {"posting": reversal.pk, "points": reversal.points, "occurred_at": reversal.occurred_at}
            for reversal in explained.reversals
        ],
        "standing": explained.standing,
        "digest": bytes(posting.digest).hex(),
    }


def _of(lot: Lot) -> dict[str, Any]:
    return {"lot": lot.pk, "program": lot.program.code, "issuer": lot.issuer.code}
