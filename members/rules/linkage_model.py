"""How much each agreement and disagreement between two people says: the model that Splink computes with.

The model of Fellegi and Sunter (1969): a level of agreement is worth log2(m / u) bits, where m is how often
it is seen between two records of one person and u between two of different people. The figures are fixed, not
learned from the list at hand, so that one row ends alike in a list of ten and of a hundred thousand: u from
how common names and birthdays are (the most common full name of China is borne by 1 in 5,000; there are about
20,000 birth dates alive), m from how such lists are typed. docs/adr/0011-matching.md has the reasons, and
what was measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Level:
    """One way in which two values may relate: the first whose `condition` (DuckDB) holds counts.

    `m` and `u` of None: nothing can be said, because a value is unknown.
    """

    name: str
    condition: str
    m: float | None
    u: float | None


PEOPLE_MIN: Final = 2_000
_BOTH_GIVEN: Final = "given_l <> '' AND given_r <> ''"


def _typo(one: str, other: str) -> str:
    return f"(damerau_levenshtein({one}, {other}) <= 1 OR jaro_winkler_similarity({one}, {other}) >= 0.9)"


_SURNAME_TYPO: Final = _typo("surname_l", "surname_r")
_GIVEN_TYPO: Final = _typo("given_l", "given_r")
_SWAPPED: Final = (
    "(jaro_winkler_similarity(surname_l, given_r) >= 0.9"
    " AND jaro_winkler_similarity(given_l, surname_r) >= 0.9)"
)
_SHARED_WORDS: Final = "len(list_intersect(words_l, words_r))"
_ALL_WORDS: Final = "len(list_distinct(words_l || words_r))"
_SHARED_NUMBERS: Final = "len(list_intersect(numbers_l, numbers_r))"
_DAY_AND_MONTH_SWAPPED: Final = (
    "(substr(birth_date_l, 1, 4) = substr(birth_date_r, 1, 4) AND substr(birth_date_l, 5, 2) ="
    " substr(birth_date_r, 7, 2) AND substr(birth_date_l, 7, 2) = substr(birth_date_r, 5, 2))"
)

LEVELS: Final[dict[str, Sequence[Level]]] = {
    "name": (
        Level("unknown", "surname_l = '' OR surname_r = ''", None, None),
        Level(
            "same",
            "(hanzi_l <> '' AND hanzi_l = hanzi_r) OR"
            " ((hanzi_l = '' OR hanzi_r = '') AND given_l <> '' AND joined_l = joined_r)",
            0.69,
            2e-4,
        ),
        Level("sounds_same", "given_l <> '' AND joined_l = joined_r", 0.04, 5e-4),
        Level(
            "typo",
            f"{_BOTH_GIVEN} AND ((given_l = given_r AND {_SURNAME_TYPO})"
            f" OR (surname_l = surname_r AND {_GIVEN_TYPO}))",
            0.12,
            8e-4,
        ),
        Level(
            "typos",
            f"{_BOTH_GIVEN} AND (({_SURNAME_TYPO} AND {_GIVEN_TYPO}) OR {_SWAPPED})",
            0.03,
            2e-4,
        ),
        Level(
            "half",
            "surname_l = surname_r OR (given_l <> '' AND given_l = given_r)"
            " OR given_l = surname_r OR surname_l = given_r",
            0.10,
            0.02,
        ),
        Level("different", "ELSE", 0.06, 0.978),
    ),
    "birth_date": (
        Level("unknown", "birth_date_l = '' OR birth_date_r = ''", None, None),
        # 1 January is what many systems fill in where nobody asked.
        Level("same_filler", "birth_date_l = birth_date_r AND birth_date_l LIKE '%0101'", 0.01, 5e-4),
        Level("same", "birth_date_l = birth_date_r", 0.85, 5e-5),
        Level(
            "typo",
            f"damerau_levenshtein(birth_date_l, birth_date_r) <= 1 OR {_DAY_AND_MONTH_SWAPPED}",
            0.08,
            1.5e-3,
        ),
        Level("typos", "damerau_levenshtein(birth_date_l, birth_date_r) <= 2", 0.03, 1e-2),
        Level("different", "ELSE", 0.06, 0.988),
    ),
    "address": (
        Level("unknown", "place_l = '' OR place_r = ''", None, None),
        Level("same", "place_l = place_r AND len(numbers_l) > 0", 0.35, 5e-5),
        Level(
            "nearly_same",
            f"({_SHARED_NUMBERS} > 0 AND jaro_winkler_similarity(place_l, place_r) >= 0.9)"
            f" OR (len(numbers_l) > 1 AND numbers_l = numbers_r AND {_SHARED_WORDS} > 0)",
            0.18,
            1e-4,
        ),
        Level("in_part", f"{_SHARED_NUMBERS} > 0 AND 3 * {_SHARED_WORDS} >= {_ALL_WORDS}", 0.10, 1e-3),
        Level("same_area", f"place_l = place_r OR 2 * {_SHARED_WORDS} >= {_ALL_WORDS}", 0.07, 2e-2),
        # People move, and the lists of four businesses are years apart.
        Level("different", "ELSE", 0.30, 0.979),
    ),
    "email": (
        Level("unknown", "email_l = '' OR email_r = ''", None, None),
        Level("same", "email_l = email_r", 0.6, 1e-5),
        Level("typo", "jaro_winkler_similarity(email_l, email_r) >= 0.92", 0.2, 1e-3),
        Level("different", "ELSE", 0.2, 0.999),
    ),
    # A family shares one, and people change theirs: agreeing says much, differing says little.
    "phone": (
        Level("unknown", "phone_l = '' OR phone_r = ''", None, None),
        Level("same", "phone_l = phone_r", 0.5, 1e-4),
        Level("different", "ELSE", 0.5, 0.9999),
    ),
    "gender": (
        Level("unknown", "gender_l = '' OR gender_r = ''", None, None),
        Level("same", "gender_l = gender_r", 0.98, 0.5),
        Level("different", "ELSE", 0.02, 0.5),
    ),
}


def splink_settings(*, people: int) -> dict[str, Any]:
    """Settings of Splink 5 for rows held against `people` members and rows in all.

    Before anything is compared, each row is taken to have one match among them; of a smaller membership than
    PEOPLE_MIN it is as likely to be no member yet. Rows come with `is_row` true.
    """
    return {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": 1 / max(people, PEOPLE_MIN),
        "retain_matching_columns": True,  # the levels come with them
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": [
            {
                "blocking_rule": "l.keys = r.keys AND (l.is_row OR r.is_row)",
                "sql_dialect": "duckdb",
                "arrays_to_explode": ["keys"],
            }
        ],
        "comparisons": [
            {
                "output_column_name": field,
                "comparison_description": field,
                "comparison_levels": [_splink_level(level) for level in levels],
            }
            for field, levels in LEVELS.items()
        ],
    }


def level_of(field: str, gamma: int) -> str:
    """The name of the level that Splink calls `gamma`: −1 is unknown, then upwards from different."""
    return LEVELS[field][0 if gamma < 0 else len(LEVELS[field]) - 1 - gamma].name


def _splink_level(level: Level) -> dict[str, Any]:
    told = {"sql_condition": level.condition, "label_for_charts": level.name}
    if level.m is None or level.u is None:
        return told | {"is_null_level": True}
    return told | {"m_probability": level.m, "u_probability": level.u}
