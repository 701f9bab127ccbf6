"""How a membership or an identity came to be known, in words: the books keep a code."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.rules.proof import CLAIM, CODE, DOCUMENT, WECHAT

_WAYS: Final[dict[str, Promise]] = {
    CODE: _("a code sent to it"),
    WECHAT: _("sign-in with WeChat"),
    DOCUMENT: _("a vehicle licence shown"),
    CLAIM: _("the member's word"),
    "counter": _("at a counter"),
    "import": _("a unit's list"),
    "seed": _("made for a demo"),
}


def way_in_words(code: str) -> str:
    """In words; a partner's own channel as it calls it."""
    return str(_WAYS.get(code, code))
