"""Points that came from another member: the receiver learns who issued them and when, and nothing else."""

import pytest

from points.models import Lot, Posting
from points.selectors.explaining import explain_lot, explain_posting, explain_wallet
from points.services.reversal import reverse_accrual
from points.services.transfer import transfer_points
from tests.factories import NOW, give, make_member, make_program, make_unit, redeem
from tests.points.api.test_explaining import App
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


@pytest.fixture
def given():
    """500 earned by one, 200 of them handed to the other; (giver, recipient, posting)."""
    mall = make_unit("MALL")
    program = make_program("MALL", owner=mall)
    giver, recipient = make_member(), make_member()
    make_household(giver, recipient)
    give(giver, program, 500, source_ref="receipt-of-the-giver", rule="earn:1 v1")
    give(recipient, program, 30, source_ref="r", unit=mall)
    redeem(recipient, program, 30, unit=mall)
    reverse_accrual(unit=mall, accrual_ref="r", points=30, source_ref="b", by="test", at=NOW)
    posting = transfer_points(
        giver=giver,
        recipient=recipient,
        program=program,
        points=200,
        source_ref=f"transfer:{giver.pk}:1",
        by=f"member:{giver.pk}",
        at=NOW,
    ).posting
    return giver, recipient, posting


def test_both_sides_add_up_together_and_each_alone(given):
    giver, recipient, posting = given

    for viewer in (None, giver.pk, recipient.pk):
        explained = explain_posting(posting_id=posting.pk, viewer=viewer)
        assert explained.adds_up
    assert explained.is_veiled
    # 30 of the 200 repaid the recipient's debt.
    assert [(w.moved, w.given, w.drawn, w.debt_less) for w in explained.wallets] == [(200, 200, 30, 30)]
    for member in (giver, recipient):
        assert explain_wallet(member_id=member.pk, program_code="MALL", at=NOW).adds_up


def test_the_chain_leads_back_to_the_first_earning_for_those_who_may_know(given):
    giver, _recipient, posting = given
    lot = Lot.objects.get(posting=posting)

    (ancestor,) = explain_lot(lot_id=lot.pk, at=NOW).ancestors

    assert (ancestor.lot.member, ancestor.by.source_ref) == (giver, "receipt-of-the-giver")


def test_the_recipient_hears_nothing_of_the_giver(given):
    giver, recipient, posting = given
    app = App(recipient)
    lot = Lot.objects.get(posting=posting)
    earned = Posting.objects.get(source_ref="receipt-of-the-giver")

    of_lot, of_posting = (
        app.get(path) for path in (f"me/wallets/MALL/lots/{lot.pk}", f"me/postings/{posting.pk}")
    )

    assert (of_lot.status_code, of_posting.status_code) == (200, 200)
    secrets = (str(giver.pk), giver.number, "receipt-of-the-giver", str(earned.pk))
    secrets += tuple(str(pk) for pk in Lot.objects.filter(member=giver).values_list("pk", flat=True))
    for answer in (of_lot, of_posting):
        assert [secret for secret in secrets if secret in answer.content.decode()] == []
    assert [(a["id"], a["issuer"]) for a in of_lot.json()["made_of"]] == [(None, "MALL")]
    assert of_lot.json()["birth"]["source_ref"] is None
    assert of_lot.json()["birth"]["words"].endswith(", by another member")
    assert app.get(f"me/postings/{earned.pk}").status_code == 404
