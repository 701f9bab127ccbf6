"""The screens of rewards and vouchers: they open, they act; what is not allowed is not offered."""

import io
import re

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from benefits.models import (
    Reward,
    RewardOrder,
    Stock,
    Voucher,
    VoucherBatch,
    VoucherDownload,
    VoucherExport,
)
from benefits.rules.voucher_codes import in_groups
from tests.benefits.shop import Shop
from tests.benefits.vouchers import issue, make_vouchers_of, use
from tests.factories import NOW
from tests.operators import PASSWORD, grant, make_operator

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(settings):
    settings.LOYALTY_FAKE_NOW = NOW.isoformat()


def signed_in(user):
    client = Client(headers={"accept-language": "en"})
    assert client.login(username=user.username, password=PASSWORD)
    return client


@pytest.fixture
def boss():
    return signed_in(make_operator())


@pytest.fixture
def shop():
    return Shop(quantity_max=3)


def page(client, row, act=""):
    name = f"benefits_{type(row)._meta.model_name}"
    name = f"admin:{name}_{act}" if act else f"admin:{name}_change"
    return client.get(reverse(name, args=[row.pk]))


def do(client, row, act, **said):
    name = f"admin:benefits_{type(row)._meta.model_name}_{act}"
    answer = client.post(reverse(name, args=[row.pk]), said, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def picture(form="PNG", size=(1600, 900)):
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, form)
    file.seek(0)
    file.name = "flask.png"
    return file


def test_every_screen_opens(boss, shop):
    order = shop.order()
    voucher = issue(make_vouchers_of(shop.mall), member=shop.member)
    use(voucher, shop.mall)

    for model in (Reward, Stock, RewardOrder, VoucherBatch, Voucher, VoucherExport):
        name = model._meta.model_name
        assert boss.get(reverse(f"admin:benefits_{name}_changelist")).status_code == 200
    assert boss.get(reverse("admin:benefits_offlineuse_changelist")).status_code == 200
    assert boss.get(reverse("admin:benefits_reward_add")).status_code == 200
    for row in (shop.reward, shop.stock, order, voucher, voucher.batch):
        assert page(boss, row).status_code == 200
    told = page(boss, voucher).content.decode()
    assert "till" not in voucher.code
    assert voucher.code not in told
    assert in_groups(voucher.code) not in told


def test_a_picture_is_drawn_anew_shown_and_served_safely(boss, shop):
    do(boss, shop.reward, "upload", picture=picture())
    shop.reward.refresh_from_db()
    served = boss.get(f"/pictures/{shop.reward.picture_id}.webp")

    assert (shop.reward.picture.width, shop.reward.picture.height) == (1200, 675)
    assert served["Content-Type"] == "image/webp"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in served["Cache-Control"]
    assert Image.open(io.BytesIO(served.content)).format == "WEBP"
    assert f"/pictures/{shop.reward.picture_id}.webp" in page(boss, shop.reward).content.decode()
    assert boss.get("/pictures/none.webp").status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"<svg onload=alert(1)>", b"GIF89a" + b"\0" * 50, b"\x89PNG\r\n\x1a\n" + b"\0" * 50, b"x" * 6_000_000],
    ids=["svg", "gif", "torn png", "too large"],
)
def test_what_is_no_picture_is_refused(boss, shop, content):
    file = io.BytesIO(content)
    file.name = "flask.png"

    assert "not a picture" in do(boss, shop.reward, "upload", picture=file)
    shop.reward.refresh_from_db()
    assert shop.reward.picture is None


def test_stock_is_received_and_counted_with_its_movements(boss, shop):
    do(boss, shop.reward, "receive", outlet=shop.desk.pk, pieces=5, reason="")
    told = do(boss, shop.stock, "count", counted=12, reason="three broken")

    assert shop.shelf() == (12, 0)
    assert "three broken" in told
    assert "reserved" in do(boss, shop.stock, "count", counted=-1, reason="x")


def test_an_order_is_handed_over_and_refunded(boss, shop):
    order = shop.order()
    do(boss, order, "fulfil", receipt_ref="")
    told = do(boss, order, "refund", is_returned="on", reason="broken", receipt_ref="")

    assert RewardOrder.objects.get().state == "refunded"
    assert "broken" in told
    assert shop.shelf() == (10, 0)


def test_a_page_says_how_things_stand_in_words(boss, shop):
    order, voucher = shop.order(), issue(make_vouchers_of(shop.mall), member=shop.member)
    use(voucher, shop.mall)

    for row, words in ((order, "Waiting"), (voucher, "Used"), (shop.stock, "Flask")):
        told = page(boss, row).content.decode()
        assert words in told
        assert "(&#x27;" not in told
        assert "State." not in told


def test_an_order_is_cancelled(boss, shop):
    do(boss, shop.order(), "cancel", reason="the member asked")

    assert (RewardOrder.objects.get().state, shop.shelf()) == ("cancelled", (10, 0))


def test_without_the_right_no_act_is_offered(shop):
    order = shop.order()
    clerk = signed_in(
        grant(make_operator(superuser=False), "view_rewardorder", "view_reward", "view_voucherbatch")
    )

    assert "fulfil" not in page(clerk, order).content.decode()
    assert page(clerk, order, "fulfil").status_code == 403
    assert page(clerk, make_vouchers_of(shop.mall), "issue").status_code == 403


def test_a_batch_is_planned_issued_given_and_withdrawn(boss, shop):
    said = {
        "code": "SUMMER20",
        "kind": "cash_off",
        "name_zh": "夏日券",
        "name_en": "Summer",
        "issuer": shop.mall.pk,
        "amount": "20",
        "min_spend": "100",
        "currency": "CNY",
        "issued_max": 10,
        "receipt_max": 1,
        "restore_days": 7,
        "starts_at_0": "2026-06-15",
        "starts_at_1": "00:00:00",
        "ends_at_0": "2026-09-01",
        "ends_at_1": "00:00:00",
    }
    answer = boss.post(reverse("admin:benefits_voucherbatch_add"), said)
    assert answer.status_code == 302, re.findall(r"errorlist[^<]*<[^<]*<[^<]*", answer.content.decode())
    batch = VoucherBatch.objects.get()

    do(boss, batch, "issue", pieces=3)
    do(boss, batch, "give", member=shop.member.number, reason="birthday")
    assert (Voucher.objects.count(), batch.vouchers.filter(member=shop.member).count()) == (4, 1)
    assert list(batch.units.all()) == [shop.mall]
    do(boss, batch, "void", reason="misprint")
    assert set(Voucher.objects.values_list("state", flat=True)) == {"void"}


def test_a_code_is_looked_up_without_standing_in_an_address(boss, shop):
    voucher = issue(make_vouchers_of(shop.mall))
    answer = boss.post(reverse("admin:benefits_voucher_look_up"), {"code": in_groups(voucher.code).lower()})

    assert answer["Location"].endswith(f"/admin/benefits/voucher/{voucher.pk}/change/")
    again = boss.post(reverse("admin:benefits_voucher_look_up"), {"code": "nonsense"})
    assert "check its letters" in again.content.decode()


def test_codes_leave_only_by_two_people_and_each_download_is_on_record(shop):
    asker, other = make_operator(name="ASKER"), make_operator(name="OTHER")
    batch = make_vouchers_of(shop.mall, name_zh="=HYPERLINK(1)")
    voucher = issue(batch)
    do(signed_in(asker), batch, "export", reason="printing")
    export = VoucherExport.objects.get()

    assert page(signed_in(asker), export, "approve").status_code == 403
    assert page(signed_in(asker), export, "download_csv").status_code == 403
    do(signed_in(other), export, "approve", note="")
    assert page(signed_in(other), export, "download_csv").status_code == 403
    csv = page(signed_in(asker), export, "download_csv").content.decode("utf-8-sig")
    book = page(signed_in(asker), export, "download_xlsx").content

    assert in_groups(voucher.code) in csv
    assert "'=HYPERLINK(1)" in csv
    cells = list(openpyxl.load_workbook(io.BytesIO(book)).active.values)
    assert cells[1][:3] == (batch.code, "'=HYPERLINK(1)", in_groups(voucher.code))
    assert VoucherDownload.objects.count() == 2
