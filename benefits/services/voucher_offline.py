"""Vouchers at tills without a connection: hand out a list of salted digests, hear later what was used.

A till that types a code finds SHA-256(salt + code) in its list and takes the voucher's terms from there. Two
tills may take one voucher before either tells: the earlier use stands, the other is on record as told too
late.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from benefits.models import (
    OfflineEntry,
    OfflineList,
    OfflineOutcome,
    OfflineUse,
    Voucher,
    VoucherAct,
    VoucherEvent,
    VoucherState,
)
from benefits.refusals import OddQuantity, OddValidity
from benefits.selectors.vouchers import living_vouchers
from benefits.services.voucher_guessing import Guesser, count_guess
from benefits.services.vouchers import restore_voucher, use_voucher
from common import Money
from common.errors import DomainError, NotFound
from points.rules.bounds import refuse_odd_instants
from units.models import BusinessUnit, Outlet

LIST_LIFE_MAX: Final = timedelta(hours=72)
LIST_VOUCHERS_MAX: Final = 10_000
USES_AT_ONCE_MAX: Final = 500


class OfflineListTooLong(DomainError):
    """More vouchers than a list takes. Facts: `vouchers_max`."""

    code = "offline_list_too_long"
    status = 422
    title = _("There are more vouchers than an offline list takes.")


@dataclass(frozen=True, slots=True)
class ToldUse:
    """What a till tells later: which line of its list, for which receipt, when."""

    digest: bytes
    source_ref: str
    used_at: datetime
    sale: Money | None = None


def offline_digest(salt: bytes, code: str) -> bytes:
    """What a till computes from what was typed: SHA-256 of the list's salt and the 16 letters."""
    return hashlib.sha256(salt + code.encode()).digest()


@transaction.atomic
def make_offline_list(
    *, unit: BusinessUnit, outlet: Outlet | None, life: timedelta, by: str, at: datetime
) -> OfflineList:
    """Write down the usable vouchers that `unit` honours and that may be used offline.

    It holds for `life`, 72 hours at most.

    :raises OddValidity: a longer life, or none
    :raises OfflineListTooLong: more than 10,000 vouchers
    """
    refuse_odd_instants(at=at)
    if not timedelta(0) < life <= LIST_LIFE_MAX:
        raise OddValidity(field="hours")
    usable = living_vouchers(at=at).filter(batch__is_offline=True, batch__units=unit)
    vouchers = list(usable.only("id", "code").order_by("id")[: LIST_VOUCHERS_MAX + 1])
    if len(vouchers) > LIST_VOUCHERS_MAX:
        raise OfflineListTooLong(vouchers_max=LIST_VOUCHERS_MAX)
    salt = secrets.token_bytes(16)
    made = OfflineList.objects.create(
        unit=unit,
        outlet=outlet,
        salt=salt,
        made_at=at,
        valid_until=at + life,
        made_by=by,
        vouchers=len(vouchers),
    )
    OfflineEntry.objects.bulk_create(
        OfflineEntry(offline_list=made, voucher=voucher, digest=offline_digest(salt, voucher.code))
        for voucher in vouchers
    )
    return made


@transaction.atomic
def tell_offline_uses(
    *,
    list_id: UUID,
    units: Sequence[BusinessUnit],
    uses: Sequence[ToldUse],
    guesser: Guesser,
    by: str,
    at: datetime,
) -> list[OfflineUse]:
    """Take what a till used while it was alone: an outcome for each, in order. Telling twice changes nothing.

    Of two offline uses of one voucher the earlier by `used_at` stands; a use that was verified online stands
    in any case, for only a till's clock speaks against it. What a till tells of a digest that is not on its
    list counts as a guess.

    :raises NotFound: these units have no such list
    :raises OddQuantity: not 1 to 500 uses
    :raises TooManyGuesses: too many digests that are on no list
    """
    refuse_odd_instants(at=at)
    if not 1 <= len(uses) <= USES_AT_ONCE_MAX:
        raise OddQuantity(quantity_max=USES_AT_ONCE_MAX)
    told_list = (
        OfflineList.objects.select_related("unit", "outlet").filter(pk=list_id, unit__in=units).first()
    )
    if told_list is None:
        raise NotFound
    entries = {
        bytes(digest): voucher_id
        for digest, voucher_id in OfflineEntry.objects.filter(
            offline_list=told_list, digest__in=[use.digest for use in uses]
        ).values_list("digest", "voucher_id")
    }
    # Vouchers are locked in one order, whatever the order they are told in.
    known = sorted(entries.values())
    list(Voucher.objects.select_for_update(no_key=True).filter(pk__in=known).order_by("id").values("pk"))
    answers = []
    for use in uses:
        voucher_id = entries.get(use.digest)
        if voucher_id is None:
            count_guess(guesser=guesser, at=at)
        answers.append(_take(told_list, use, voucher_id, by=by, at=at))
    return answers


def _take(
    told_list: OfflineList, use: ToldUse, voucher_id: UUID | None, *, by: str, at: datetime
) -> OfflineUse:
    before = OfflineUse.objects.filter(
        offline_list=told_list, digest=use.digest, source_ref=use.source_ref
    ).first()
    if before is not None:
        return before
    if voucher_id is None:
        outcome = OfflineOutcome.NOT_LISTED
    elif not told_list.made_at <= use.used_at < told_list.valid_until or use.used_at > at:
        outcome = OfflineOutcome.OUT_OF_TIME
    else:
        outcome = _use(told_list, use, voucher_id, by=by, at=at)
    return OfflineUse.objects.create(
        offline_list=told_list,
        voucher_id=voucher_id,
        digest=use.digest,
        source_ref=use.source_ref,
        sale=None if use.sale is None else use.sale.amount,
        used_at=use.used_at,
        outcome=outcome,
        by=by,
        told_at=at,
    )


def _use(told_list: OfflineList, use: ToldUse, voucher_id: UUID, *, by: str, at: datetime) -> OfflineOutcome:
    voucher = Voucher.objects.only("state", "moves").get(pk=voucher_id)
    standing = None
    if voucher.state == VoucherState.USED:
        standing = _later_offline_use(voucher, use.used_at)
        if standing is None:
            return OfflineOutcome.ALREADY_USED
    try:
        # A refusal undoes this use alone, and leaves the standing one in its place.
        with transaction.atomic():
            if standing is not None:
                _give_way(standing, by=by, at=at)
            use_voucher(
                voucher_id=voucher_id,
                unit=told_list.unit,
                source_ref=use.source_ref,
                by=by,
                at=use.used_at,
                recorded_at=at,
                sale=use.sale,
                outlet=told_list.outlet,
            )
    except DomainError:
        return OfflineOutcome.NOT_USABLE
    return OfflineOutcome.USED if standing is None else OfflineOutcome.TOOK_OVER


def _give_way(standing: VoucherEvent, *, by: str, at: datetime) -> None:
    assert standing.unit is not None, "a use is somewhere"
    restore_voucher(
        voucher_id=standing.voucher_id,
        unit=standing.unit,
        source_ref=standing.source_ref,
        by=by,
        at=at,
        reason="an earlier offline use takes its place",
    )


def _later_offline_use(voucher: Voucher, used_at: datetime) -> VoucherEvent | None:
    """The use on record, if it was an offline one and later than `used_at`."""
    standing = VoucherEvent.objects.select_related("unit").get(
        voucher=voucher, kind=VoucherAct.USED, number=voucher.moves
    )
    told = OfflineUse.objects.filter(
        voucher=voucher,
        offline_list__unit=standing.unit,
        source_ref=standing.source_ref,
        used_at=standing.at,
        outcome__in=[OfflineOutcome.USED, OfflineOutcome.TOOK_OVER],
    )
    return standing if used_at < standing.at and told.exists() else None
