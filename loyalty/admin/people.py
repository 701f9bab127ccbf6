"""Operators and their groups: who may sign in to the admin and what for."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from common.admin import BaseAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(BaseAdmin, DjangoUserAdmin[User]):
    """Operators. A member is never a user."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    actions = None
    list_filter = ("is_staff", "is_superuser", "is_active", "groups")
    ordering = ("username",)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody: postings and the history of edits name them. They are switched off instead."""
        return False


@admin.register(Group)
class GroupAdmin(BaseAdmin, DjangoGroupAdmin):
    """What operators of one kind may do."""

    actions = None
