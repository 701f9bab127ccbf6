"""WeChat's ids as identities."""

import pytest

from members.rules.wechat import BadWechatId, openid_value, unionid_value

APP, PERSON = "wx0123456789abcdef", "oABCDEFGHIJKLMNOPQRSTUVWX_-1"


def test_an_openid_means_nothing_without_its_app():
    assert openid_value(app_id=APP, openid=PERSON) == f"{APP}:{PERSON}"


def test_a_unionid_is_the_same_in_every_app():
    assert unionid_value(PERSON) == f"unionid:{PERSON}"


@pytest.mark.parametrize(("app", "person"), [("", PERSON), ("wx1", PERSON), (APP, ""), (APP, "a:b" * 9)])
def test_what_wechat_never_gives_out_is_refused(app, person):
    with pytest.raises(BadWechatId):
        openid_value(app_id=app, openid=person)
