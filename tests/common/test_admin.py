"""Base screens: read-only is read-only for a superuser too, and explanations escape what they show."""

import pytest
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import User

from common.admin import ReadOnlyAdmin, explanation_table
from common.models import JobRun


@pytest.mark.django_db
def test_not_even_a_superuser_may_change_what_is_only_shown(rf):
    request = rf.get("/")
    request.user = User.objects.create_superuser("root", password="a-long-enough-password")
    screen = ReadOnlyAdmin(JobRun, AdminSite())

    assert screen.has_view_permission(request)
    assert screen.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
    assert screen.get_actions(request) == {}


def test_an_explanation_escapes_every_cell():
    table = explanation_table(headers=["Lot", "<b>"], rows=[["<script>", 5], ["a&b", 7]])

    assert "<script>" not in table
    assert "&lt;script&gt;" in table
    assert "&lt;b&gt;" in table
    assert table.count("<tr>") == 3


def test_an_explanation_of_nothing_says_so():
    assert "<table" not in explanation_table(headers=["Lot"], rows=[])
