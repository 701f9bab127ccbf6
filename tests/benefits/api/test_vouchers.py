"""The doors to vouchers: verify, use, give back, guess, be alone and tell later."""

import base64
import hashlib

import pytest

from benefits.models import CodeAttempt, OfflineUse, VoucherEvent
from benefits.rules.voucher_codes import in_groups, new_voucher_code
from benefits.services.voucher_guessing import WRONG_A_CALLER, WRONG_A_PLACE
from tests.benefits.api.conftest import app_of, till_of
from tests.benefits.vouchers import issue, make_vouchers_of, state_of, use
from tests.factories import make_member, make_outlet, make_unit

pytestmark = pytest.mark.django_db
SALE = {"amount": "128.00", "currency": "CNY"}


@pytest.fixture
def batch(shop):
    return make_vouchers_of(shop.mall, is_offline=True)


@pytest.fixture
def voucher(batch):
    return issue(batch)


def verify(till, code, **told):
    return till.post("vouchers/verify", {"code": code} | told)


def test_a_code_is_verified_as_it_is_typed_and_then_used_by_its_id(till, voucher):
    seen = verify(till, in_groups(voucher.code).lower(), sale=SALE).json()

    assert (seen["status"], seen["value"]) == ("issued", {"amount": "20.00", "currency": "CNY"})
    sale = {"source_ref": "till-1", "sale": SALE}
    first, again = (till.post(f"vouchers/{seen['id']}/use", sale) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["value"] == {"amount": "20.00", "currency": "CNY"}
    other = till.post(f"vouchers/{seen['id']}/use", {"source_ref": "till-2", "sale": SALE})
    assert (other.status_code, other.json()["code"]) == (409, "voucher_used")
    assert verify(till, voucher.code).json()["status"] == "used"


def test_a_refund_gives_it_back(till, voucher):
    till.post(f"vouchers/{voucher.pk}/use", {"source_ref": "a", "sale": SALE})
    back = till.post(f"vouchers/{voucher.pk}/reverse", {"source_ref": "a"})

    assert (back.status_code, back.json()["status"]) == (201, "issued")
    assert till.post(f"vouchers/{voucher.pk}/reverse", {"source_ref": "a"}).status_code == 200
    assert (
        till.post(f"vouchers/{voucher.pk}/reverse", {"source_ref": "b"}).json()["code"] == "voucher_not_used"
    )


def test_a_lock_keeps_others_away(till, voucher):
    kept = till.post(f"vouchers/{voucher.pk}/lock", {"source_ref": "a", "seconds": 600}).json()
    refused = till.post(f"vouchers/{voucher.pk}/use", {"source_ref": "b", "sale": SALE}).json()
    freed = till.post(f"vouchers/{voucher.pk}/release", {"source_ref": "a"}).json()

    assert (kept["status"], refused["code"], freed["status"]) == ("locked", "voucher_locked", "issued")


def test_below_the_minimum_the_reason_is_told(till, voucher):
    small = {"amount": "99.00", "currency": "CNY"}

    assert verify(till, voucher.code, sale=small).json()["why_nothing"] == "below_minimum"
    refused = till.post(f"vouchers/{voucher.pk}/use", {"source_ref": "a", "sale": small})
    assert (refused.status_code, refused.json()["why"]) == (422, "below_minimum")


def test_a_mistyped_code_is_named_so_and_not_counted(till, voucher):
    wrong = voucher.code[:-1] + ("0" if voucher.code[-1] != "0" else "1")

    assert verify(till, wrong).json()["code"] == "voucher_code_malformed"
    assert not CodeAttempt.objects.exists()


def test_another_units_voucher_is_not_honoured_here(till):
    foreign = issue(make_vouchers_of(make_unit()))

    assert verify(till, foreign.code).json()["code"] == "voucher_not_honoured_here"
    answer = till.post(f"vouchers/{foreign.pk}/use", {"source_ref": "a", "sale": SALE})
    assert answer.json()["code"] == "voucher_not_honoured_here"


def test_unknown_codes_are_counted_by_outlet_and_by_key_and_then_refused(till, shop, voucher, later):
    desk, other = shop.desk.code, make_outlet(shop.mall).code
    answers = [verify(till, new_voucher_code(), outlet=desk) for _ in range(WRONG_A_PLACE + 1)]

    assert {answer.status_code for answer in answers[:-1]} == {404}
    assert (answers[-1].status_code, answers[-1].json()["code"]) == (429, "too_many_guesses")
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 3600
    assert verify(till, voucher.code, outlet=desk).status_code == 429
    # Another outlet may still ask, and a known code is not counted.
    assert verify(till, voucher.code, outlet=other).status_code == 200
    later(hours=1)
    assert verify(till, voucher.code, outlet=desk).status_code == 200


def test_a_key_that_names_no_outlet_has_its_limit_too(till):
    CodeAttempt.objects.all()
    codes = {verify(till, new_voucher_code()).status_code for _ in range(WRONG_A_CALLER)}

    assert codes == {404}
    assert verify(till, new_voucher_code()).status_code == 429


def test_members_see_their_own_and_a_code_shows_one_by_one(shop, app, batch):
    mine = issue(batch, member=shop.member)
    issue(batch, member=make_member())

    (listed,) = app.get("me/vouchers").json()["results"]
    shown = app.get(f"me/vouchers/{mine.pk}").json()

    assert (listed["id"], listed["status"], listed["name"]) == (str(mine.pk), "issued", "20 off 100")
    assert mine.code not in str(listed).replace("-", "")
    assert shown["code"] == in_groups(mine.code)
    assert app_of(make_member()).get(f"me/vouchers/{mine.pk}").status_code == 404


def take_list(till, **told):
    answer = till.post("vouchers/offline-lists", {"hours": 12} | told)
    assert answer.status_code == 201, answer.content
    return answer.json()


def digest(taken, code):
    salt = base64.b64decode(taken["salt"])
    return base64.b64encode(hashlib.sha256(salt + code.encode()).digest()).decode()


def tell(till, taken, *uses):
    body = {"uses": [{"sale": SALE} | use for use in uses]}
    answer = till.post(f"vouchers/offline-lists/{taken['id']}/uses", body)
    assert answer.status_code == 200, answer.content
    return [result["outcome"] for result in answer.json()["results"]]


AT_FIVE, AT_SIX = "2026-06-15T05:00:00+00:00", "2026-06-15T06:00:00+00:00"


def test_a_till_alone_finds_codes_by_salted_digest_and_tells_later(till, voucher, later):
    taken = take_list(till)
    (line,) = taken["vouchers"]

    assert line["digest"] == digest(taken, voucher.code)
    assert voucher.code not in str(taken)
    later(hours=3)
    told = {"digest": line["digest"], "source_ref": "r1", "used_at": AT_FIVE}
    assert tell(till, taken, told) == ["used"]
    assert tell(till, taken, told) == ["used"]
    assert state_of(voucher) == "used"
    event = VoucherEvent.objects.get(kind="used")
    assert (event.at.isoformat(), event.recorded_at > event.at) == (AT_FIVE, True)


def test_used_at_two_tills_alone_the_first_by_its_time_stands(shop, voucher, later):
    east, west = till_of(shop.mall), till_of(shop.mall)
    easts, wests = take_list(east), take_list(west)
    later(hours=3)

    second = {"digest": digest(wests, voucher.code), "source_ref": "w", "used_at": AT_SIX}
    first = {"digest": digest(easts, voucher.code), "source_ref": "e", "used_at": AT_FIVE}
    assert tell(west, wests, second) == ["used"]
    assert tell(east, easts, first) == ["took_over"]
    third = {"digest": digest(wests, voucher.code), "source_ref": "x", "used_at": AT_SIX}
    assert tell(west, wests, third) == ["already_used"]
    standing = voucher.events.order_by("-number").first()
    assert (standing.kind, standing.source_ref) == ("used", "e")
    assert (
        sum(
            event.value * {"used": 1, "restored": -1}[event.kind]
            for event in voucher.events.exclude(kind="issued")
        )
        == 20
    )


def test_a_use_that_was_verified_online_stands(till, shop, voucher, later):
    taken = take_list(till)
    later(hours=2)
    till.post(f"vouchers/{voucher.pk}/use", {"source_ref": "online", "sale": SALE})

    told = {"digest": digest(taken, voucher.code), "source_ref": "r1", "used_at": AT_FIVE}
    assert tell(till, taken, told) == ["already_used"]


def test_what_is_not_on_the_list_or_not_in_its_time_does_not_count(till, shop, batch, voucher, later):
    taken = take_list(till)
    late = issue(batch)
    later(hours=3)

    outcomes = tell(
        till,
        taken,
        {"digest": digest(taken, late.code), "source_ref": "a", "used_at": AT_FIVE},
        {"digest": digest(taken, voucher.code), "source_ref": "b", "used_at": "2026-06-15T03:00:00+00:00"},
        {"digest": digest(taken, voucher.code), "source_ref": "c", "used_at": "2026-06-15T23:00:00+00:00"},
        {
            "digest": digest(taken, voucher.code),
            "source_ref": "d",
            "used_at": AT_FIVE,
            "sale": {"amount": "5.00", "currency": "CNY"},
        },
    )

    assert outcomes == ["not_listed", "out_of_time", "out_of_time", "not_usable"]
    assert state_of(voucher) == "issued"
    assert OfflineUse.objects.count() == 4


def test_only_batches_that_may_be_used_offline_are_on_a_list(till, shop, batch):
    issue(make_vouchers_of(shop.mall))
    used = issue(batch)
    use(used, shop.mall)

    assert take_list(till)["vouchers"] == []


def test_another_units_list_is_not_found(till, shop, voucher):
    taken = take_list(till)

    answer = till_of(make_unit()).post(
        f"vouchers/offline-lists/{taken['id']}/uses",
        {"uses": [{"digest": taken["vouchers"][0]["digest"], "source_ref": "a", "used_at": AT_FIVE}]},
    )
    assert answer.status_code == 404
