"""Why the ledger says no. Each refusal leaves nothing written."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class ReferenceReused(DomainError):
    """The source reference already stands for something else."""

    code = "reference_reused"
    status = 409
    title = _("This reference was already used for something else.")


class InsufficientPoints(DomainError):
    """Fewer points are spendable than the price asks. Facts: `asked`, `short` (in the price's program)."""

    code = "insufficient_points"
    status = 409
    title = _("There are not enough points.")


class QuoteChanged(DomainError):
    """The wallets or the rates moved since the quote. Facts: `shares`, as they would be now."""

    code = "quote_changed"
    status = 409
    title = _("The quote has changed.")


class QuoteExpired(DomainError):
    """The quote is too old, or not one of ours."""

    code = "quote_expired"
    status = 409
    title = _("The quote has expired.")


class NotReversible(DomainError):
    """There is no such accrual or redemption to reverse at this unit."""

    code = "not_reversible"
    status = 404
    title = _("There is nothing here to reverse.")


class ReversalExceedsOriginal(DomainError):
    """All reversals together would exceed the original. Facts: `asked`."""

    code = "reversal_exceeds_original"
    status = 409
    title = _("More would be reversed than was posted.")


class HoldNotFound(DomainError):
    """There is no such hold at this unit."""

    code = "hold_not_found"
    status = 404
    title = _("There is no such hold.")


class HoldNotOpen(DomainError):
    """The hold was captured, voided or timed out."""

    code = "hold_not_open"
    status = 409
    title = _("This hold has already ended.")


class HoldNotCaptured(DomainError):
    """What was only held took no points: there is nothing to give back."""

    code = "hold_not_captured"
    status = 409
    title = _("This hold was never captured: there is nothing to give back.")


class CaptureExceedsHold(DomainError):
    """More was asked than is held. Facts: `held`, `asked`."""

    code = "capture_exceeds_hold"
    status = 409
    title = _("More is asked than was held.")


class NoExchangeRate(DomainError):
    """No rate between the two programs is in force."""

    code = "no_exchange_rate"
    status = 409
    title = _("These points cannot be exchanged at present.")


class ExchangeCapReached(DomainError):
    """More than a member may exchange at this rate in a day. Facts: `left`, in source points."""

    code = "exchange_cap_reached"
    status = 409
    title = _("Today's limit for this exchange is reached.")


class ExchangeTooSmall(DomainError):
    """So few points give less than one point of the other program."""

    code = "exchange_too_small"
    status = 409
    title = _("These are too few points to get one for.")


class PointsOutOfRange(DomainError):
    """One operation moves 1 to 1,000,000,000 points."""

    code = "points_out_of_range"
    status = 400
    title = _("One operation moves between 1 and 1,000,000,000 points.")


class InstantOutOfRange(DomainError):
    """An instant that no books have, or points that would end before they began. Facts: `instant`, which."""

    code = "instant_out_of_range"
    status = 400
    title = _("Points do not move at such an instant.")


class ReferenceMalformed(DomainError):
    """A reference is 1 to 200 printable characters, without a space at either end."""

    code = "reference_malformed"
    status = 400
    title = _("This is no source reference.")


class MemberNotActive(DomainError):
    """A frozen or closed member neither earns nor spends."""

    code = "member_not_active"
    status = 409
    title = _("This member is not active.")


class SpendingPaused(DomainError):
    """For a day after a change of phone. Facts: `until`, an instant."""

    code = "spending_paused"
    status = 409
    title = _("Points cannot be spent for 24 hours after a change of phone.")


class UnitNotActive(DomainError):
    """An inactive unit neither issues nor honours points."""

    code = "unit_not_active"
    status = 409
    title = _("This business unit is not active.")


class ProgramNotActive(DomainError):
    """An inactive program issues no points and prices nothing."""

    code = "program_not_active"
    status = 409
    title = _("This points program is not active.")


class SameMember(DomainError):
    """Points go from one member to another."""

    code = "same_member"
    status = 409
    title = _("These points are already this member's.")


class NotOneHousehold(DomainError):
    """Points are given within a household only."""

    code = "not_one_household"
    status = 409
    title = _("Points can be given to members of one's own household only.")


class TransferCapReached(DomainError):
    """More than a member may give away in a day or a month. Facts: `left` of the nearer limit."""

    code = "transfer_cap_reached"
    status = 409
    title = _("The limit for giving points away is reached.")


class NothingPending(DomainError):
    """All that was pending of this accrual can be spent already, or is gone."""

    code = "nothing_pending"
    status = 409
    title = _("Nothing of this is still pending.")


class WalletHasHolds(DomainError):
    """Points that a sale in progress holds cannot change hands. Facts: `holds`, their ids."""

    code = "wallet_has_holds"
    status = 409
    title = _("Points of this wallet are held for a sale in progress.")


class NothingToMove(DomainError):
    """The wallet holds no points and no debt."""

    code = "nothing_to_move"
    status = 409
    title = _("There is nothing here to move.")


BY_OUTCOME: dict[str, type[DomainError]] = {
    refusal.code: refusal
    for refusal in (
        CaptureExceedsHold,
        ExchangeCapReached,
        ExchangeTooSmall,
        HoldNotOpen,
        InsufficientPoints,
        NoExchangeRate,
        NothingPending,
        NothingToMove,
        PointsOutOfRange,
        QuoteChanged,
        ReferenceReused,
        ReversalExceedsOriginal,
        SameMember,
        TransferCapReached,
        WalletHasHolds,
    )
} | {
    "not_an_accrual": NotReversible,
    "not_a_redemption": NotReversible,
    "not_a_move": NotReversible,
    "no_such_hold": HoldNotFound,
}
