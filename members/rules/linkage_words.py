"""Evidence in plain words: what each level of agreement means to the person who decides."""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from members.rules.linkage_veto import Veto

LEVEL_WORDS: Final[dict[str, dict[str, Promise]]] = {
    "name": {
        "same": _("The same name."),
        "sounds_same": _("The names sound alike, but other characters."),
        "typo": _("The names differ by a letter or two."),
        "typos": _("Similar names, or their parts swapped."),
        "half": _("Only a part of the name is the same."),
        "different": _("Different names."),
    },
    "birth_date": {
        "same": _("The same birth date."),
        "same_filler": _("Both born on 1 January: often filled in."),
        "typo": _("The birth dates differ by a digit."),
        "typos": _("The birth dates differ by two digits."),
        "different": _("Different birth dates."),
    },
    "address": {
        "same": _("The same address."),
        "nearly_same": _("Nearly the same address."),
        "in_part": _("The addresses agree in part."),
        "same_area": _("The same area."),
        "different": _("Different addresses."),
    },
    "email": {
        "same": _("The same e-mail address."),
        "typo": _("The e-mail addresses differ by a letter or two."),
        "different": _("Different e-mail addresses."),
    },
    "phone": {"same": _("The same phone."), "different": _("Different phones.")},
    "gender": {"same": _("The same gender."), "different": _("Different genders.")},
}
VETO_WORDS: Final[dict[str, Promise]] = {
    Veto.SHARED_PHONE: _("They share a phone under different names, as families do."),
    Veto.SHARED_EMAIL: _("They share an e-mail address under different names, as couples do."),
    Veto.NAMES_DIFFER: _("Their names differ: they may be two of one household."),
    Veto.NAME_INCOMPLETE: _("A name is incomplete."),
    Veto.BIRTH_DATES_DIFFER: _("Their birth dates differ: they may be parent and child."),
    Veto.GENDERS_DIFFER: _("Their genders differ."),
    Veto.PHONES_DIFFER: _("Their phones differ: a changed number, or somebody else's."),
    Veto.TOO_LITTLE_KNOWN: _("Too little is known besides the name."),
    Veto.TWO_LIKELY: _("More than one member is as like."),
}
UNKNOWN: Final = _("Nothing to compare.")
NOT_CERTAIN: Final = _("Likely, but not certain enough to be linked without asking.")


def words_of(field: str, level: str) -> Promise:
    """`level` of `field` in words."""
    return LEVEL_WORDS.get(field, {}).get(level, UNKNOWN)


def why_asked(veto: str) -> Promise:
    """Why a person decides."""
    return VETO_WORDS.get(veto, NOT_CERTAIN)
