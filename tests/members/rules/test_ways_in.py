"""Codes of channels and proofs are told in words."""

import pytest
from django.utils import translation

from members.rules.ways_in import way_in_words


@pytest.mark.parametrize(
    ("code", "words"), [("counter", "at a counter"), ("claim", "the member's word"), ("kiosk", "kiosk")]
)
def test_a_known_way_is_told_in_words_and_a_partners_own_as_it_calls_it(code, words):
    with translation.override("en"):
        assert way_in_words(code) == words
