"""The tests' own ground: they run as loyalty_app, and each finds what the migrations left."""

import pytest
from django.db import connection


@pytest.mark.django_db
def test_tests_sign_in_as_the_app_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)")

        assert cursor.fetchone() == ("loyalty_app", False)


@pytest.mark.parametrize("round_", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_what_a_test_commits_is_gone_before_the_next(round_, admin_connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        found = cursor.fetchone()
        cursor.execute("INSERT INTO django_session VALUES ('key', 'data', now())")

    assert found == (0,)
    with admin_connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_session")
        assert cursor.fetchone() == (1,)
