"""What processes keep of rules, programs and places is read anew as soon as a change of it is committed."""

import re
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, connections, transaction

from activities.models import CreditRule, EarnRule, TierScheme
from activities.selectors.reference import reference_now
from common.clock import now
from points.models import Program
from tests.activities.tiering import make_scheme
from tests.factories import make_earn_rule, make_outlet, make_program, make_unit
from units.models import BusinessUnit, Outlet, ReferenceChange, Venue

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    return make_unit("MALL")


@pytest.fixture
def rule(mall):
    return make_earn_rule(mall, make_program("MALL", owner=mall))


def test_what_stands_is_read_once(mall, rule, django_assert_num_queries):
    before = reference_now().book_of(mall)

    with django_assert_num_queries(1):
        assert reference_now().book_of(mall) is before


def test_every_table_that_is_kept_leaves_marks(mall, rule, django_assert_max_num_queries):
    make_outlet(mall, "CAFE")
    make_scheme()
    ReferenceChange.objects.all().delete()  # nothing is kept where no mark is seen
    reference = reference_now()
    with django_assert_max_num_queries(20) as asked:
        reference.book_of(mall)
        reference.credit_lines_of(mall)
        reference.programs()
    read = {
        table
        for query in asked.captured_queries
        for table in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'reference_changed'::regproc"
        )
        marked = {table for (table,) in cursor.fetchall()}

    assert {"activities_earnrule", "units_outlet", "points_program", "activities_creditrule"} <= read
    assert read <= marked


@pytest.mark.parametrize("model", [BusinessUnit, Venue, Outlet, Program, EarnRule, TierScheme, CreditRule])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id WHERE false", "DELETE FROM {} WHERE false"])
def test_each_statement_that_may_change_one_leaves_a_mark(model, verb):
    before = reference_now().marks

    with connection.cursor() as cursor:
        cursor.execute(verb.format(model._meta.db_table))

    assert reference_now().marks != before


def test_a_change_is_seen_at_once_by_who_makes_it(mall, rule):
    assert reference_now().book_of(mall).rules[0].program_is_active

    Program.objects.filter(pk=rule.program_id).update(is_active=False)

    assert not reference_now().book_of(mall).rules[0].program_is_active


def test_what_was_rolled_back_is_not_kept(mall, rule):
    with transaction.atomic():
        make_outlet(mall, "GONE")
        assert [row[1] for row in reference_now().book_of(mall).site.outlets] == ["GONE"]
        transaction.set_rollback(True)
    make_outlet(mall, "CAFE")

    assert [row[1] for row in reference_now().book_of(mall).site.outlets] == ["CAFE"]


@pytest.mark.django_db(transaction=True)
def test_what_another_commits_is_seen(mall, rule):
    assert not reference_now().book_of(mall).site.outlets

    def open_a_cafe() -> None:
        make_outlet(mall, "CAFE")
        connections.close_all()

    other = Thread(target=open_a_cafe)
    other.start()
    other.join()

    assert [row[1] for row in reference_now().book_of(mall).site.outlets] == ["CAFE"]


def test_marks_of_yesterday_go(mall, rule):
    ReferenceChange.objects.update(changed_at=now() - timedelta(days=2))

    make_outlet(mall, "CAFE")

    assert not ReferenceChange.objects.filter(changed_at__lt=now() - timedelta(days=1)).exists()
