"""Who has which right: by tier, role, segment, grant; at once, shared, pro rata, after a merge."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from benefits.models import FactSet
from benefits.services.catalogue import RuleTerms, publish_rule, tell_fact_set
from benefits.services.grants import GrantTerms, grant_right, withdraw_grant
from members.models import Enrolment
from tests.benefits.factories import (
    make_benefit,
    make_grant,
    make_ladder,
    make_rule,
    make_venue,
    only_right,
    put_on,
    reside,
    rights,
    use,
)
from tests.factories import LONG_AGO, NOW, make_member, make_unit
from tests.points.services.households import make_household

pytestmark = pytest.mark.django_db


@pytest.fixture
def parking(mall):
    return make_benefit(provider=mall, code="PARKING")


@pytest.fixture
def ladder():
    return make_ladder()


@pytest.fixture
def estate():
    return make_venue(make_unit("HOMES", "residential"), "NORTH")


@pytest.fixture
def by_tier(parking, ladder):
    make_rule(parking, 180, tier=ladder["GOLD"], code="PARK-GOLD")
    make_rule(parking, 360, tier=ladder["BLACK"], code="PARK-BLACK")


def test_nobody_has_what_their_tier_does_not_reach(by_tier):
    assert rights(make_member()) == []


def test_a_right_follows_a_change_of_tier_at_once(by_tier, ladder, mall):
    member = make_member()
    put_on(member, ladder["GOLD"])
    use(member, 100, unit=mall)

    before = only_right(member)
    put_on(member, ladder["BLACK"])
    risen = only_right(member)
    put_on(member, ladder["SILVER"])

    # The same right: what went under Gold counts, so that rising gives no quota twice.
    assert (before.left, risen.left, risen.id) == (80, 260, before.id)
    assert (before.right.rule.code, risen.right.rule.code) == ("PARK-GOLD", "PARK-BLACK")
    assert rights(member) == []


def test_who_falls_has_no_less_than_nothing(by_tier, ladder, mall):
    member = make_member()
    put_on(member, ladder["BLACK"])
    use(member, 300, unit=mall)

    put_on(member, ladder["GOLD"])

    assert (only_right(member).given, only_right(member).left) == (180, 0)


def test_a_new_version_gives_no_quota_twice(parking, mall):
    member = make_member()
    make_rule(parking, 100, code="PARK", during=DateTimeTZRange(LONG_AGO, NOW))
    use(member, 100, unit=mall, at=NOW - timedelta(seconds=1))

    publish_rule(
        code="PARK", benefit=parking, terms=RuleTerms(Decimal(150), "day"), starts_at=NOW, by="test",
    )  # fmt: skip

    assert only_right(member).left == 50
    assert only_right(member).right.rule.version == 2


def test_a_right_begins_and_ends_with_the_lease(parking, estate):
    make_rule(parking, 60, role="tenant")
    member = make_member()

    lease = reside(member, estate, starts_on=date(2026, 6, 10), ends_on=date(2026, 6, 16))

    def at(day):
        return len(rights(member, at=datetime(2026, 6, day, 4, tzinfo=UTC)))

    assert [at(9), at(10), at(15), at(16)] == [0, 1, 1, 0]
    assert only_right(member).right.ends_at == datetime(2026, 6, 15, 16, tzinfo=UTC)
    lease.withdrawn_at, lease.withdrawn_by = NOW, "desk"
    lease.save()
    assert rights(member) == []


def test_a_lease_that_ends_in_the_month_leaves_its_share(parking, estate, mall):
    make_rule(parking, 600, "month", role="tenant", is_pro_rata=True)
    member = make_member()
    lease = reside(member, estate)
    assert only_right(member).given == 600
    use(member, 400, unit=mall)

    lease.ends_on = date(2026, 6, 16)
    lease.save()

    assert (only_right(member).given, only_right(member).left) == (300, 0)


def test_each_home_gives_a_right_of_its_own(parking, estate):
    make_rule(parking, 60, role="owner", unit=estate.unit)
    member = make_member()
    reside(member, estate, "owner")
    reside(member, make_venue(estate.unit), "owner")
    reside(member, make_venue(make_unit()), "owner")

    assert len(rights(member)) == 2


def test_a_guest_has_it_once_a_stay(mall, parking):
    hotel = make_venue(make_unit("HOTEL", "hotel"))
    make_rule(parking, 60, "stay", role="hotel_guest")
    member = make_member()
    reside(member, hotel, "hotel_guest", date(2026, 6, 14), date(2026, 6, 17))
    use(member, 60, unit=mall)

    assert only_right(member, at=NOW + timedelta(days=1)).left == 0
    reside(member, hotel, "hotel_guest", date(2026, 6, 20), date(2026, 6, 22))
    assert only_right(member, at=NOW + timedelta(days=5)).left == 60


def test_the_family_shares_the_right_of_the_home(parking, estate, mall):
    make_rule(parking, 60, role="owner", sharing="home")
    owner, child = make_member(), make_member()
    home = reside(owner, estate, "owner")
    reside(child, estate, "family", principal=home)

    use(child, 40, unit=mall)

    assert only_right(owner).left == only_right(child).left == 20
    assert only_right(child).right.holder_id == owner.pk


def test_a_household_shares_what_is_to_be_shared_by_who_shares(by_tier, ladder, parking, mall):
    gym = make_benefit(kind="GYM", provider=mall)
    make_rule(gym, 4, "month", tier=ladder["GOLD"], sharing="household")
    gold, mate, alone = make_member(), make_member(), make_member()
    put_on(gold, ladder["GOLD"])
    make_household(gold, mate, sharing=True)

    use(mate, 1, unit=mall)

    (shared,) = rights(mate)
    assert (shared.benefit.benefit, shared.left) == (gym, 3)
    assert {right.left for right in rights(gold)} == {180, 3}
    assert rights(alone) == []


def test_who_does_not_share_keeps_their_rights_to_themselves(mall):
    grant = make_grant(make_member(), make_benefit(kind="GYM", provider=mall), sharing="household")
    mate = make_member()
    make_household(grant.member, mate, sharing=False)

    assert rights(mate) == []


def test_what_went_under_an_alias_counts_and_comes_back_when_the_merge_is_undone(by_tier, ladder, mall):
    survivor, alias = make_member(), make_member()
    for member in (survivor, alias):
        put_on(member, ladder["GOLD"])
    use(survivor, 50, unit=mall)
    use(alias, 100, unit=mall)

    alias.merged_into = survivor
    alias.save()
    assert only_right(survivor).left == 30
    use(survivor, 30, unit=mall)
    assert only_right(survivor).left == 0

    alias.merged_into = None
    alias.save()
    assert (only_right(survivor).left, only_right(alias).left) == (100, 80)


def test_grants_and_leases_of_an_alias_are_the_survivors(parking, estate):
    make_rule(parking, 60, role="tenant")
    survivor = make_member()
    alias = make_member()
    reside(alias, estate)
    make_grant(alias, make_benefit(kind="GYM"))
    alias.merged_into = survivor
    alias.save()

    assert len(rights(survivor)) == 2


def test_a_segment_gives_a_right_while_one_is_in_it(parking):
    cyclists = FactSet.objects.create(code="CYCLISTS", name_zh="骑行者", name_en="Cyclists")
    make_rule(parking, 60, fact_set=cyclists)
    member, other = make_member(), make_member()

    assert tell_fact_set(fact_set=cyclists, members=[member.pk], by="test", at=NOW) == (1, 0)
    assert (len(rights(member)), len(rights(other))) == (1, 0)
    tomorrow = NOW + timedelta(days=1)
    assert tell_fact_set(fact_set=cyclists, members=[other.pk], by="test", at=tomorrow) == (1, 1)
    assert (len(rights(member, at=tomorrow)), len(rights(other, at=tomorrow))) == (0, 1)


def test_a_birthday_gift_is_there_in_its_month(mall):
    make_rule(make_benefit(kind="BIRTHDAY_GIFT", provider=mall), 1, "year", in_birth_month=True)
    member = make_member(birth_date=date(1990, 6, 30))
    use(member, 1, unit=mall)

    assert only_right(member).left == 0
    assert rights(member, at=NOW + timedelta(days=30)) == []
    assert rights(make_member(birth_date=date(1990, 7, 1))) == []


def test_who_is_enrolled_at_a_unit_has_what_it_gives(parking, mall):
    make_rule(parking, 60, enrolled_at=mall)
    member = make_member()
    assert rights(member) == []

    Enrolment.objects.create(
        member=member, unit=mall, channel="desk", joined_at=NOW, created_at=NOW, enrolled_by="test"
    )

    assert len(rights(member)) == 1


def test_what_was_bought_is_used_up_and_ends_in_its_time(mall):
    coffee = make_benefit(kind="LOUNGE", provider=mall)
    member = make_member()
    terms = GrantTerms(Decimal(10), starts_at=NOW, ends_at=NOW + timedelta(days=90))
    bought = {"benefit": coffee, "terms": terms, "cause": "purchase", "unit": mall, "source_ref": "order-1"}

    first = grant_right(member_id=member.pk, **bought, by="test", at=NOW)
    again = grant_right(member_id=member.pk, **bought, by="test", at=NOW)
    use(member, 3, unit=mall)

    assert (again.grant, again.is_replay) == (first.grant, True)
    assert only_right(member, at=NOW + timedelta(days=80)).left == 7
    assert rights(member, at=NOW + timedelta(days=90)) == []


def test_a_withdrawn_grant_gives_nothing_more(mall):
    grant = make_grant(make_member(), make_benefit(kind="GYM", provider=mall), 5)
    use(grant.member, 2, unit=mall)

    end = withdraw_grant(grant=grant, reason="refunded", by="test", at=NOW)

    assert end.left == 3
    assert rights(grant.member) == []


def test_the_number_of_queries_does_not_grow_with_what_there_is(
    by_tier, ladder, parking, mall, estate, django_assert_max_num_queries
):
    member = make_member()
    put_on(member, ladder["GOLD"])
    for n in range(12):
        make_rule(make_benefit(kind="GYM", provider=mall), 4, "month", code=f"GYM-{n}")
        make_grant(member, make_benefit(kind="LOUNGE", provider=mall))
    use(member, 10, unit=mall, right=rights(member, kind="PARKING")[0].id)

    with django_assert_max_num_queries(20):
        assert len(rights(member)) == 25
