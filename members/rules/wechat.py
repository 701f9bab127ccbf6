"""What WeChat calls a person: an openid in each app, a unionid across the apps of one company.

WeChat's open platform documents: the openid of one person differs from app to app; the unionid is the same
in every app under one open-platform account. So the unionid decides who somebody is, and the openid where
there is none.
"""

import re
from typing import Final

from django.utils.translation import gettext_lazy as _

from common.errors import InvalidRequest

_APP_ID = re.compile(r"wx[0-9a-f]{16}", re.ASCII)
_PERSON_ID = re.compile(r"[A-Za-z0-9_-]{20,64}", re.ASCII)
UNION: Final = "unionid"


class BadWechatId(InvalidRequest):
    """WeChat gives out no such app id, openid or unionid."""

    code = "bad_wechat_id"
    title = _("This is not an id of WeChat.")


def openid_value(*, app_id: str, openid: str) -> str:
    """An openid as an identity's value: it means nothing without its app. `wx0123…:oABC…`.

    :raises BadWechatId: not written like one
    """
    if not _APP_ID.fullmatch(app_id) or not _PERSON_ID.fullmatch(openid):
        raise BadWechatId(field="openid")
    return f"{app_id}:{openid}"


def unionid_value(unionid: str) -> str:
    """A unionid as an identity's value: `unionid:oABC…`.

    :raises BadWechatId: not written like one
    """
    if not _PERSON_ID.fullmatch(unionid):
        raise BadWechatId(field="unionid")
    return f"{UNION}:{unionid}"
