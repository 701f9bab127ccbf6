"""How rewards, their stock and their orders say no."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, InvalidRequest, NotFound


class RewardNotFound(NotFound):
    """No such reward in the catalogue, or no longer."""

    code = "reward_not_found"
    title = _("There is no such reward.")


class RewardNotForYou(DomainError):
    """It is not offered now, or not to this member. Facts: `why` (a word of WhyNot)."""

    code = "reward_not_available"
    title = _("This reward is not offered to you now.")


class OutletNeeded(InvalidRequest):
    """The reward is handed over at several outlets: one must be named. Facts: `outlets`."""

    code = "outlet_needed"
    title = _("Name the outlet where you will pick it up.")


class OutOfStock(DomainError):
    """Fewer pieces are left than asked. Facts: `left`."""

    code = "out_of_stock"
    title = _("There are not so many pieces left.")


class RewardLimitReached(DomainError):
    """All pieces that may ever be ordered have been. Facts: `left`."""

    code = "reward_limit_reached"
    title = _("All pieces of this reward have been ordered.")


class MemberLimitReached(DomainError):
    """The member has ordered as many as anybody may. Facts: `left`, `limit`, `period`."""

    code = "member_limit_reached"
    title = _("You have ordered as many of this reward as anybody may.")


class OrderNotFound(NotFound):
    """No such order, or not yours."""

    code = "order_not_found"
    title = _("There is no such order.")


class OrderEnded(DomainError):
    """It was handed over, cancelled, refunded, or its time is over. Facts: `state`."""

    code = "order_ended"
    title = _("This order has already ended.")


class OrderNotFulfilled(DomainError):
    """Nothing was handed over that could be refunded. Facts: `state`."""

    code = "order_not_fulfilled"
    title = _("This order was not handed over.")


class MoneyReceiptNeeded(InvalidRequest):
    """A part is paid in money: the till's receipt belongs to it. Facts: `money`, `currency`."""

    code = "money_receipt_needed"
    title = _("A part is paid in money: name the receipt of the till.")


class ReceiptTaken(DomainError):
    """The receipt paid another order."""

    code = "receipt_taken"
    title = _("This receipt paid for another order.")


class VouchersUsedUp(DomainError):
    """What the order gave was used: it cannot be refunded any more."""

    code = "order_vouchers_used"
    title = _("The vouchers of this order are not unused any more.")


class StockTooLow(DomainError):
    """Fewer pieces would be there than are reserved. Facts: `on_hand`, `reserved`."""

    code = "stock_too_low"
    title = _("Fewer pieces would be there than are reserved.")


class PictureRefused(InvalidRequest):
    """The file is no picture that we take. Facts: `why`."""

    code = "picture_refused"
    title = _("This file is not a picture of a kind and size that is taken.")
