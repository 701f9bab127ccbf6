"""Corporate accounts: a company of an office tower, and its seats, which change under its row lock."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError, NotFound
from members.models import CorporateAccount, Residency
from members.rules.normalise import normal_text
from members.rules.seats import most_at_once, within
from units.models import Venue


class SeatsTaken(DomainError):
    """Facts: `seats`, how many the company has; `taken`, how many would be, on the fullest day."""

    code = "seats_taken"
    title = _("The company has no seat left.")


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed with a company. `ends_on`: the first day without; None: open."""

    company_name: str
    seats: int
    starts_on: date
    ends_on: date | None = None
    contact: str = ""


@transaction.atomic
def open_account(*, venue: Venue, code: str, terms: Terms, by: str, at: datetime) -> CorporateAccount:
    """Take up a company at `venue` under its `code`.

    :raises BadText: names that cannot be stored
    """
    return CorporateAccount.objects.create(
        venue=venue, code=code, recorded_by=by, recorded_at=at, **_normal(terms)
    )


@transaction.atomic
def change_account(*, account_id: UUID, terms: Terms, at: datetime) -> CorporateAccount:
    """Agree on something else. Seats that are taken from today on cannot be given up first.

    :raises SeatsTaken: more occupants are recorded than there would be seats
    :raises BadText: names that cannot be stored
    """
    account = (
        CorporateAccount.objects.select_for_update(no_key=True).select_related("venue").get(pk=account_id)
    )
    today = at.astimezone(ZoneInfo(account.venue.time_zone)).date()
    if terms.seats < account.seats:
        taken = most_at_once(within(_stays(account), today, None))
        if taken > terms.seats:
            raise SeatsTaken(seats=terms.seats, taken=taken)
    for name, value in _normal(terms).items():
        setattr(account, name, value)
    account.save(update_fields=sorted(_normal(terms)))
    return account


def locked_account(*, venue: Venue, code: str) -> CorporateAccount:
    """The company that `venue` calls `code`, locked: whoever takes a seat comes one at a time.

    :raises NotFound: the venue has none
    """
    found = CorporateAccount.objects.select_for_update(no_key=True).filter(venue=venue, code=code).first()
    if found is None:
        raise NotFound(field="company")
    return found


def refuse_without_seat(
    *, account: CorporateAccount, starts_on: date, ends_on: date | None, besides: UUID | None
) -> None:
    """Let one more occupant in only if there is a seat on every day. `besides` is their own row, if any.

    :raises SeatsTaken: there is none on some day
    """
    others = within(_stays(account, besides=besides), starts_on, ends_on)
    taken = most_at_once([*others, (starts_on, ends_on)])
    if taken > account.seats:
        raise SeatsTaken(seats=account.seats, taken=taken)


def _stays(account: CorporateAccount, *, besides: UUID | None = None) -> list[tuple[date, date | None]]:
    stays = Residency.objects.filter(account=account, withdrawn_at__isnull=True)
    if besides is not None:
        stays = stays.exclude(pk=besides)
    return list(stays.values_list("starts_on", "ends_on"))


def _normal(terms: Terms) -> dict[str, object]:
    return {
        "company_name": normal_text(terms.company_name, characters_max=120, field="company_name"),
        "seats": terms.seats,
        "starts_on": terms.starts_on,
        "ends_on": terms.ends_on,
        "contact": normal_text(terms.contact, characters_max=200, field="contact"),
    }
