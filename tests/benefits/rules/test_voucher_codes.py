"""Codes: unguessable, read as people type them, and a slip of the hand is found."""

from itertools import pairwise

from benefits.rules.voucher_codes import (
    ALPHABET,
    as_voucher_code,
    check_letter,
    in_groups,
    new_voucher_code,
)


def test_a_code_has_75_random_bits_and_no_letter_that_is_taken_for_another():
    codes = {new_voucher_code() for _ in range(2000)}

    assert len(codes) == 2000
    assert len(ALPHABET) == 32
    assert not set("ILOU") & set("".join(codes))
    assert {len(code) for code in codes} == {16}
    # Each of the 15 random places takes every letter.
    assert all({code[place] for code in codes} == set(ALPHABET) for place in range(15))


def test_every_single_wrong_letter_is_found():
    code = new_voucher_code()

    wrong = [
        code[:place] + letter + code[place + 1 :]
        for place in range(16)
        for letter in ALPHABET
        if letter != code[place]
    ]

    assert len(wrong) == 16 * 31
    assert [text for text in wrong if as_voucher_code(text) is not None] == []


def test_every_swap_of_neighbours_is_found():
    for one in ALPHABET:
        for other in ALPHABET:
            body = f"7{one}{other}ABCDEFGHJKMN"
            swapped = f"7{other}{one}ABCDEFGHJKMN"
            assert one == other or check_letter(body) != check_letter(swapped)
    # The check letter itself swapped with its neighbour.
    for _ in range(200):
        code = new_voucher_code()
        swapped = code[:-2] + code[-1] + code[-2]
        assert swapped == code or as_voucher_code(swapped) is None


def test_a_code_is_read_as_people_type_it():
    body = "0110VWXYZ234567"
    code = body + check_letter(body)

    assert as_voucher_code(in_groups(code)) == code
    assert as_voucher_code(in_groups(code).lower().replace("-", " ")) == code
    assert as_voucher_code("OIL0" + code[4:]) == code


def test_what_cannot_be_a_code_is_none():
    code = new_voucher_code()

    for text in ("", code[:-1], code + "0", "U" * 16, "０" * 16, code + "\x00", "=" * 16, "-" * 41):
        assert as_voucher_code(text) is None


def test_damm_of_zeros_is_zero_and_no_two_places_weigh_the_same():
    """The sum is 2ⁿ·letter at each place: the powers of 2 in the field of 32 are 31 different ones."""
    assert check_letter("0" * 15) == "0"
    weights = [check_letter("0" * place + "1" + "0" * (14 - place)) for place in range(15)]
    assert len(set(weights)) == 15
    assert all(one != other for one, other in pairwise(weights))
