"""What a member did, and claiming a receipt, at the member surface."""

from datetime import timedelta

import pytest

from activities.models import Activity, ClaimTry
from tests.activities.reporting import make_shop, record, refunded, sold
from tests.factories import NOW, balance, make_earn_rule, make_outlet
from tests.members.api.test_identities import app
from tests.members.factories import numbered_member

pytestmark = pytest.mark.django_db
MINE, CLAIMS = "/api/v1/me/activities", "/api/v1/me/activities/claims"


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = (NOW + timedelta(days=1)).isoformat()


@pytest.fixture
def mall():
    return make_shop("MALL")


@pytest.fixture
def cafe(mall):
    return make_outlet(mall, "CAFE", name="Corner Café")


@pytest.fixture
def ann():
    return numbered_member(name="Ann")


@pytest.fixture
def client(ann):
    return app(ann)


@pytest.fixture
def receipt(mall, cafe):
    record(mall, sold("S1", "100.00", outlet_id=cafe.pk))
    return {
        "unit": "MALL",
        "outlet": "CAFE",
        "source_ref": "S1",
        "amount": {"amount": "100.00", "currency": "CNY"},
    }


def claim(client, receipt, key="one", **told):
    return client.post(CLAIMS, {**receipt, **told}, format="json", headers={"Idempotency-Key": key})


def test_i_see_what_i_did_newest_first_with_its_points(client, ann, mall, cafe):
    alias = numbered_member(merged_into=ann)
    record(mall, sold("S1", "100.00", member=ann, outlet_id=cafe.pk), refunded("F1", "30.00", at=NOW))
    record(mall, sold("S0", "7.00", member=alias, at=NOW - timedelta(days=2)))
    record(mall, sold("S9", "9.00", member=numbered_member()))

    rows = client.get(MINE).json()["results"]

    assert [(row["source_ref"], [one["points"] for one in row["points"]]) for row in rows] == [
        ("F1", [-30]),
        ("S1", [100]),
        ("S0", [7]),
    ]
    assert (rows[1]["words"], rows[1]["outlet"], rows[1]["refunded"]["amount"]) == (
        "Purchase",
        "Corner Café",
        "30.00",
    )
    assert (rows[0]["refund_of"], rows[0]["points"][0]["rule"]) == ("S1", rows[1]["points"][0]["rule"])


def test_i_read_why_each_gave_what_it_gave(client, ann, mall):
    program = mall.earn_rules.get().program
    stays = {"conditions": {"kinds": ["stay"]}}
    make_earn_rule(mall, program, "2", code="STAYS", terms=stays)
    record(mall, sold("S1", "9.50", member=ann), refunded("F1", "1.00", at=NOW + timedelta(minutes=1)))
    record(mall, sold("S0", "0.10", member=ann, at=NOW - timedelta(days=1)))

    rows = client.get(MINE, headers={"Accept-Language": "en"}).json()["results"]

    whys = {
        row["source_ref"]: [(one["rule"], one["words"], one["exact"]) for one in row["why"]] for row in rows
    }
    assert whys == {
        "F1": [],
        "S1": [("earn:MALL-MALL v1", "Points for money by this rate", "9.5")],
        "S0": [
            ("earn:MALL-MALL v1", "Less than one point", "0"),
            ("earn:STAYS v1", "For other kinds of activities", "0"),
        ],
    }


def test_a_page_costs_a_constant_number_of_queries(client, ann, mall, django_assert_max_num_queries):
    for number in range(8):
        record(mall, sold(f"S{number}", member=ann), refunded(f"F{number}", "1.00", of=f"S{number}"))

    with django_assert_max_num_queries(14):
        assert len(client.get(MINE).json()["results"]) == 16


def test_a_receipt_is_mine_once_i_show_it(client, ann, mall, receipt):
    answer = claim(client, receipt)

    assert answer.status_code == 201, answer.content
    assert answer.json()["claimed_at"]
    assert [one["points"] for one in answer.json()["points"]] == [100]
    assert balance(ann, mall.earn_rules.get().program) == 100
    assert claim(client, receipt, key="two").status_code == 200
    other = claim(app(numbered_member()), receipt)
    assert (other.status_code, other.json()["code"]) == (409, "receipt_claimed")


def test_a_wrong_receipt_is_not_found_and_ten_of_them_are_enough(client, ann, receipt):
    for number in range(10):
        wrong = claim(client, receipt, key=f"k{number}", source_ref=f"X{number}")
        assert (wrong.status_code, wrong.json()["code"]) == (404, "receipt_not_found")
    assert ClaimTry.objects.filter(member=ann).count() == 10

    refused = claim(client, receipt, key="last")

    assert refused.status_code == 429
    assert Activity.objects.get().member is None


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"amount": {"amount": "100.01", "currency": "CNY"}}, 404, "receipt_not_found"),
        ({"unit": "NONE"}, 404, "not_found"),
        ({"outlet": "BAR"}, 404, "receipt_not_found"),
        ({"member": "x"}, 400, "invalid_request"),
        ({"amount": "100.00"}, 400, "invalid_request"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client, receipt, wrong, status, code):
    answer = claim(client, receipt, **wrong)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Activity.objects.get().member is None


def test_a_claim_too_late_says_how_many_days_there_were(client, receipt, settings):
    settings.LOYALTY_FAKE_NOW = (NOW + timedelta(days=31)).isoformat()

    answer = claim(client, receipt)

    assert (answer.status_code, answer.json()["code"], answer.json()["days"]) == (409, "claim_too_late", 30)


def test_claiming_needs_a_key_for_retries(client, receipt):
    assert client.post(CLAIMS, receipt, format="json").json()["code"] == "idempotency_key_missing"
