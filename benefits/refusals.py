"""How entitlements, vouchers, rewards and orders say no; services of several files raise them."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest, NotFound


class VoucherNotFound(NotFound):
    """No voucher has this code or id; one of another member looks the same."""

    code = "voucher_not_found"
    title = _("There is no such voucher.")


class VoucherCodeMalformed(InvalidRequest):
    """The check character does not fit: a letter was mistyped. Not counted as a guess."""

    code = "voucher_code_malformed"
    title = _("This is no voucher code: please check its letters.")


class TooManyGuesses(DomainError):
    """Too many unknown codes were asked about; Retry-After says when to come again."""

    code = "too_many_guesses"
    status = 429
    title = _("Too many unknown codes were asked about. Please wait.")

    def __init__(self, *, wait_seconds: int) -> None:
        super().__init__()
        self.retry_after = wait_seconds


class VoucherNotHonouredHere(DomainError):
    """Another unit honours it."""

    code = "voucher_not_honoured_here"
    title = _("This voucher is not honoured here.")


class VoucherUsed(DomainError):
    """It was used. Facts: `used_at`."""

    code = "voucher_used"
    title = _("This voucher was used.")


class VoucherLocked(DomainError):
    """A sale in progress has it. Facts: `locked_until`."""

    code = "voucher_locked"
    title = _("Another sale in progress has this voucher.")


class VoucherExpired(DomainError):
    """Its time is over. Facts: `expires_at`."""

    code = "voucher_expired"
    title = _("This voucher has expired.")


class VoucherNotYet(DomainError):
    """Its time is to come. Facts: `valid_from`."""

    code = "voucher_not_yet_valid"
    title = _("This voucher is not valid yet.")


class VoucherVoid(DomainError):
    """It was taken back by its issuer."""

    code = "voucher_void"
    title = _("This voucher was withdrawn.")


class VoucherNotUsed(DomainError):
    """There is nothing to give back: this sale did not use it."""

    code = "voucher_not_used"
    title = _("This sale did not use this voucher.")


class VoucherNotLocked(DomainError):
    """The sale has no lock on it: it was let go, timed out, or another has it."""

    code = "voucher_not_locked"
    title = _("This sale has no lock on this voucher.")


class VoucherWorthNothing(DomainError):
    """It takes nothing off this sale. Facts: `why` (a word of NoWorth), `min_spend`."""

    code = "voucher_worth_nothing"
    status = 422
    title = _("This voucher takes nothing off this sale.")


class ReceiptVouchersReached(DomainError):
    """The receipt has as many vouchers of this batch as it may. Facts: `receipt_max`."""

    code = "receipt_vouchers_reached"
    title = _("This receipt has as many of these vouchers as it may.")


class BatchExhausted(DomainError):
    """The batch may not issue so many more. Facts: `left`."""

    code = "batch_exhausted"
    title = _("The batch has not so many vouchers left.")


class BatchClosed(DomainError):
    """The batch is closed, or over."""

    code = "batch_closed"
    title = _("This batch issues no more vouchers.")


class MemberVouchersReached(DomainError):
    """The member has had as many vouchers of the batch as anybody may. Facts: `member_max`."""

    code = "member_vouchers_reached"
    title = _("The member has had as many of these vouchers as anybody may.")


class OddQuantity(InvalidRequest):
    """A quantity outside its bounds. Facts: `quantity_max`."""

    code = "odd_quantity"
    title = _("The quantity must be 1 or more, and no more than one operation takes.")


class OddValidity(InvalidRequest):
    """An instant in an odd place: an end before its beginning, a lock too long."""

    code = "odd_validity"
    title = _("These times do not fit together.")


class EntitlementNotFound(DomainError):
    """The member has no such right: it never was, it ended, or it is somebody else's."""

    code = "entitlement_not_found"
    status = 404
    title = _("The member has no such entitlement.")


class EntitlementExhausted(DomainError):
    """Less is left in this period. Facts: `asked`, `left`, `measure`, `period_ends_on`."""

    code = "entitlement_exhausted"
    title = _("Less than that is left of this entitlement.")


class NotHonouredHere(DomainError):
    """The benefit is not honoured at this unit, venue or outlet."""

    code = "benefit_not_honoured_here"
    title = _("This benefit is not honoured here.")


class NotHonouredNow(DomainError):
    """Honoured here, but not at this time. Facts: `why`: hours, weekday or blackout."""

    code = "benefit_not_honoured_now"
    title = _("This benefit is not honoured at this time.")


class AmountOutOfRange(InvalidRequest):
    """Times and minutes are whole; money has two decimals; all are above zero."""

    code = "amount_out_of_range"
    title = _("This is no amount of this benefit.")


class MemberCodeUsed(DomainError):
    """One code, one usage, in the whole group."""

    code = "member_code_used"
    title = _("This code was already used. The member can show a new one.")


class MemberCodeOfAnother(DomainError):
    """The code is another member's, or for another entitlement."""

    code = "member_code_mismatch"
    title = _("This code is not for this entitlement.")


class GrantEnded(DomainError):
    """The grant has expired or was withdrawn."""

    code = "grant_ended"
    title = _("This grant has already ended.")


class TierPeriodsDiffer(DomainError):
    """Rules by tier of one benefit share one kind of period, or a change of tier would give a quota twice."""

    code = "tier_periods_differ"
    title = _("The rules by tier of one benefit must have the same period.")


class PlaceMalformed(InvalidRequest):
    """A venue or outlet is one of the unit's."""

    code = "place_malformed"
    title = _("This place is not one of the unit's.")
