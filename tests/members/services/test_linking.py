"""Whom an import links, whom it asks about, whom it takes for somebody new. The Chinese cases are made up."""

from datetime import date

import pytest
from django.db import transaction

from common.errors import DomainError
from members.models import Enrolment, Identity, MatchCandidate, Member, MemberStatus
from members.rules.candidate import Candidate
from members.rules.normalise import normal_name, normal_phone, normal_text
from members.services import linking
from members.services.enrolling import Desk, Ending, enrol_candidates
from members.services.profile import edit_profile
from tests.factories import LONG_AGO, NOW, make_unit

pytest.importorskip("splink", reason="requirements-matching.txt is not installed")
pytestmark = pytest.mark.django_db

HOME = "上海市浦东新区世纪大道88弄3号502室"
KNOWN = {"name": "张伟", "birth_date": date(1985, 6, 17), "address": HOME}
WEST = {"name": "Chloe Smith", "birth_date": date(1985, 6, 17), "address": "12 High Street, 4011"}


def candidate(card, *, name="", phone=None, address="", **told):
    return Candidate(
        joined_at=LONG_AGO,
        legacy_card=card,
        name=normal_name(name),
        phone=normal_phone(phone) if phone else None,
        address=normal_text(address, characters_max=400),
        **told,
    )


def listed(unit, *candidates, matcher=True):
    """The endings of a list of `unit`."""
    desk = Desk("import", "test", NOW, is_list=True, matcher=linking.matcher() if matcher else None)
    with transaction.atomic():
        return enrol_candidates(unit=unit, candidates=candidates, desk=desk)


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def hotel():
    return make_unit("HOTEL")


def ending_of(known, told, mall, hotel):
    """How `told` ends at the hotel where the mall knows `known`."""
    (first,) = listed(mall, candidate("M1", **known))
    (second,) = listed(hotel, candidate("H1", **told))
    assert (second.member_id == first.member_id) == (second.ending == Ending.LINKED)
    return second.ending


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(KNOWN, id="word for word"),
        pytest.param(KNOWN | {"name": "張偉"}, id="繁简: traditional characters"),
        pytest.param(KNOWN | {"name": "Zhang Wei"}, id="姓名拼音: pinyin, surname first"),
        pytest.param(KNOWN | {"name": "Wei ZHANG"}, id="姓名拼音: surname last, in capitals"),
        pytest.param(KNOWN | {"name": "张 伟", "address": HOME.replace("88", "８８")}, id="full-width"),
        pytest.param(KNOWN | {"address": "上海浦東新區世紀大道88弄3號502"}, id="繁简: the address"),
        pytest.param(KNOWN | {"birth_date": date(1985, 6, 11)}, id="a digit of the birth date"),
        pytest.param(KNOWN | {"phone": "13812345678"}, id="a first phone"),
    ],
)
def test_one_person_written_in_another_way_is_linked(told, mall, hotel):
    assert ending_of(KNOWN, told, mall, hotel) == Ending.LINKED
    assert not MatchCandidate.objects.exists()


def test_who_took_another_surname_is_linked(mall, hotel):
    assert ending_of(WEST, WEST | {"name": "Chloe Brown"}, mall, hotel) == Ending.LINKED


@pytest.mark.parametrize(
    ("known", "told", "why"),
    [
        pytest.param(
            KNOWN | {"phone": "13812345678"}, KNOWN | {"phone": "13987654321"}, "phones_differ",
            id="换号: a changed number may be somebody else's way into the account",
        ),
        pytest.param(
            KNOWN | {"phone": "13812345678"},
            {"name": "李芳", "phone": "13812345678", "birth_date": date(1987, 2, 3), "address": HOME},
            "shared_phone", id="家庭共用手机号: husband and wife",
        ),
        pytest.param(
            KNOWN | {"phone": "13812345678"}, {"name": "张小宝", "phone": "13812345678"}, "shared_phone",
            id="家庭共用手机号: father and child, nothing else known",
        ),
        pytest.param(
            KNOWN | {"name": "张思雨"}, KNOWN | {"name": "张思语"}, "names_differ",
            id="twins: one birthday, one address, names that sound alike",
        ),
        pytest.param(
            KNOWN | {"name": "Zhang Siyu"}, KNOWN | {"name": "Zhang Siyi"}, "names_differ",
            id="twins in pinyin: one letter",
        ),
        pytest.param(KNOWN, {"name": "张伟"}, "too_little_known", id="同名同姓: nothing but the name"),
        pytest.param(KNOWN, KNOWN | {"name": "张先生"}, "name_incomplete", id="Mr Zhang may be his brother"),
        pytest.param(
            KNOWN | {"gender": "male"}, KNOWN | {"gender": "female"}, "genders_differ", id="man and woman"
        ),
        pytest.param(
            {"name": "John Smith", "birth_date": date(1950, 5, 6), "address": "12 High Street, 4011"},
            {"name": "John Smith", "birth_date": date(1980, 9, 1), "address": "12 High Street, 4011"},
            "birth_dates_differ", id="father and son of one name",
        ),
        pytest.param(
            WEST, WEST | {"name": "Luke Smith"}, "names_differ", id="twins, or one name typed for another"
        ),
    ],
)  # fmt: skip
def test_who_may_be_two_of_one_household_is_asked_about(known, told, why, mall, hotel):
    assert ending_of(known, told, mall, hotel) == Ending.MATCH_CANDIDATE
    assert MatchCandidate.objects.get().veto == why


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(
            {"name": "张伟", "birth_date": date(1990, 1, 2), "address": "北京市海淀区中关村大街1号"},
            id="同名同姓: another birthday, another town",
        ),
        pytest.param(
            {"name": "李芳", "birth_date": date(1987, 2, 3), "address": HOME}, id="who lives there too"
        ),
    ],
)
def test_a_namesake_or_a_flatmate_is_somebody_new(told, mall, hotel):
    assert ending_of(KNOWN, told, mall, hotel) == Ending.CREATED


def test_brothers_and_sisters_at_one_address_are_no_question(mall, hotel):
    sister = {"name": "张静", "birth_date": date(1991, 11, 2), "address": HOME}

    assert ending_of(KNOWN, sister, mall, hotel) == Ending.CREATED


def test_a_family_that_shares_a_phone_stays_a_family_when_imported_again(mall):
    family = [
        candidate("M1", **KNOWN, phone="13812345678"),
        candidate("M2", name="李芳", phone="13812345678", birth_date=date(1987, 2, 3)),
    ]

    first, second = listed(mall, *family), listed(mall, *family)

    assert [one.ending for one in first] == [Ending.CREATED, Ending.MATCH_CANDIDATE]
    assert [one.ending for one in second] == [Ending.ALREADY_THERE] * 2
    assert Member.objects.count() == 2
    assert sorted(Identity.objects.values_list("is_active", flat=True)) == [False, True]
    assert MatchCandidate.objects.count() == 1


def test_a_familys_phone_without_a_card_names_nobody(mall):
    listed(mall, candidate("M1", **KNOWN, phone="13812345678"))

    (refusal,) = listed(mall, candidate(None, name="李芳", phone="13812345678"))

    assert isinstance(refusal, DomainError)
    assert refusal.code == "phone_of_another"


def test_the_household_rule_holds_without_splink(mall):
    listed(mall, candidate("M1", **KNOWN, phone="13812345678"), matcher=False)

    (asked,) = listed(mall, candidate("M2", name="李芳", phone="13812345678"), matcher=False)

    assert asked.ending == Ending.MATCH_CANDIDATE


def test_a_linked_row_is_known_again_by_the_name_it_came_with(mall, hotel):
    listed(mall, candidate("M1", **KNOWN))
    row = candidate("H1", **KNOWN | {"name": "Wei Zhang"})
    listed(hotel, row)

    (again,) = listed(hotel, row)

    assert again.ending == Ending.ALREADY_THERE


def test_two_rows_of_one_list_are_compared_too(mall):
    endings = listed(mall, candidate("M1", **KNOWN), candidate("M2", **KNOWN | {"name": "張偉"}))

    assert [one.ending for one in endings] == [Ending.CREATED, Ending.LINKED]
    assert Enrolment.objects.values("member").distinct().count() == 1


def test_a_row_that_may_be_either_twin_is_asked_about_both(mall, hotel):
    listed(mall, candidate("M1", **KNOWN | {"name": "张思雨"}), candidate("M2", **KNOWN | {"name": "张思语"}))

    (ending,) = listed(hotel, candidate("H1", **KNOWN | {"name": "Zhang Siyu"}))

    assert ending.ending == Ending.MATCH_CANDIDATE
    mine = MatchCandidate.objects.filter(member_id=ending.member_id)
    assert set(mine.values_list("veto", flat=True)) == {"two_likely"}
    assert mine.count() == 2


def test_the_thresholds_are_settings(mall, hotel, settings):
    settings.MATCH_LINK_ABOVE = 1.0

    assert ending_of(KNOWN, KNOWN, mall, hotel) == Ending.MATCH_CANDIDATE


def test_a_closed_membership_is_nobodys_match(mall, hotel):
    listed(mall, candidate("M1", **KNOWN))
    Member.objects.update(status=MemberStatus.CLOSED)

    (ending,) = listed(hotel, candidate("H1", **KNOWN))

    assert ending.ending == Ending.CREATED


def test_who_moves_is_found_at_the_new_address(mall, hotel):
    (first,) = listed(mall, candidate("M1", name="张伟", birth_date=date(1985, 6, 17), address="旧址1号2室"))
    edit_profile(member_id=first.member_id, changes={"address": HOME}, expect=lambda _member: None, at=NOW)

    (second,) = listed(hotel, candidate("H1", name="张伟", address=HOME))

    assert second.ending in {Ending.LINKED, Ending.MATCH_CANDIDATE}


def test_evidence_holds_nothing_of_the_people(mall, hotel):
    ending_of(KNOWN, KNOWN | {"name": "张先生"}, mall, hotel)

    asked = MatchCandidate.objects.get()
    assert asked.evidence["birth_date"] == "same"
    assert not {"张", "1985", "世纪"} & set(str(asked.evidence))
