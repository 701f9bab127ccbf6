"""Base screens: read-only is read-only for a superuser too, and panels escape what they show."""

import re

import pytest
from django.contrib.admin.sites import AdminSite
from django.contrib.auth.models import User
from django.template.loader import render_to_string

from common.admin import Panel, ReadOnlyAdmin
from common.models import JobRun


@pytest.mark.django_db
def test_not_even_a_superuser_may_change_what_is_only_shown(rf):
    request = rf.get("/")
    request.user = User.objects.create_superuser("root", password="a-long-enough-password")
    screen = ReadOnlyAdmin(JobRun, AdminSite())

    assert screen.has_view_permission(request)
    assert screen.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
    assert screen.get_actions(request) == {}


def test_a_panel_escapes_every_cell():
    panel = Panel(title="<i>", headers=["Lot", "<b>"], rows=[["<script>", 5], ["a&b", 7]])

    page = render_to_string("loyalty/panel.html", {"panel": panel})

    assert not {"<script>", "<b>", "<i>"} & set(re.findall("<[^ >]*>", page))
    assert "&lt;script&gt;" in page
    assert page.count("<tr>") == 3


def test_a_panel_of_nothing_says_so():
    page = render_to_string("loyalty/panel.html", {"panel": Panel(title="Lots", headers=["Lot"], rows=[])})

    assert "<table" not in page
    assert "ly-note" in page
