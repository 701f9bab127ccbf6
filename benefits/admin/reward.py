"""The catalogue of rewards: edit it, show it by a picture, put pieces on a shelf."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import F, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSplitDateTimeVerticalWidget

from benefits.admin.places import ReceiveForm
from benefits.api.shop_told import picture_path
from benefits.models import Reward, RewardKind, RewardOrder, Stock
from benefits.services.reward_pictures import set_picture
from benefits.services.stock import open_stock, receive_stock
from common import clock
from common.admin import actor_of, list_link
from members.models import ResidencyRole
from points.admin.acts import ActsAdmin, operator_of, sent

MOVE_STOCK = "benefits.can_move_stock"


class RewardForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A reward's fields; roles as boxes to tick."""

    roles = forms.MultipleChoiceField(
        label=_("Residency roles"),
        choices=ResidencyRole.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("One of these, at any venue. None: everybody."),
    )

    class Meta:
        model = Reward
        fields = "__all__"  # noqa: DJ007 -- the fieldsets say which
        field_classes = {"roles": SimpleArrayField}
        # One above the other: side by side the two instants would run over the edge of the page.
        widgets = {
            "tiers": UnfoldAdminCheckboxSelectMultipleWidget,
            "starts_at": UnfoldAdminSplitDateTimeVerticalWidget,
            "ends_at": UnfoldAdminSplitDateTimeVerticalWidget,
        }


class PictureForm(forms.Form):
    """A file."""

    picture = forms.FileField(
        label=_("Picture"),
        help_text=_("JPEG, PNG or WebP, at most 5 MB. It is drawn anew, at most 1,200 pixels a side."),
    )


@admin.register(Reward)
class RewardAdmin(ActsAdmin):
    """What members may order. Nothing is deleted: orders name it for ever. It is switched off."""

    form = RewardForm
    list_display = ("preview", "code", "name_zh", "name_en", "kind_label", "price", "left", "is_active")
    list_display_links = ("code", "name_zh", "name_en")
    list_filter = ("kind", "provider", "program", "is_active")
    list_select_related = ("program", "provider")
    search_fields = ("code", "name_zh", "name_en")
    ordering = ("code",)
    actions_detail = ("upload", "receive")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("code", "kind"),
                    ("provider", "is_active"),
                    ("name_zh", "name_en"),
                    ("terms_zh", "terms_en"),
                    ("picture_large", "stock_links"),
                )
            },
        ),
        (
            _("Price"),
            {"fields": (("program", "price_points"), ("price_money", "currency"), ("cost", "batch"))},
        ),
        (_("When and to whom"), {"fields": (("starts_at", "ends_at"), "pickup_days", "tiers", "roles")}),
        (
            _("How many"),
            {"fields": (("quantity_max", "limit_total"), ("limit_member", "limit_period"))},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reward]:
        """With the pieces that nobody has reserved."""
        free = Stock.objects.filter(reward=OuterRef("pk")).order_by().values("reward")
        left = free.annotate(n=Sum(F("on_hand") - F("reserved"))).values("n")
        rows: QuerySet[Reward] = super().get_queryset(request)
        return rows.annotate(pieces_left=Subquery(left, output_field=IntegerField()))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """What orders rest on stands once there is one."""
        shown = ("picture_large", "stock_links")
        is_ordered = obj is not None and RewardOrder.objects.filter(reward=obj).exists()
        return (*shown, "code", "kind", "provider", "batch") if is_ordered else shown

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:  # noqa: ARG002 -- same
        """Nobody."""
        return False

    def has_stock_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may move stock."""
        return request.user.has_perm(MOVE_STOCK)

    def has_picture_permission(self, request: HttpRequest, _object_id: object = None) -> bool:
        """Whoever may edit the catalogue."""
        return request.user.has_perm("benefits.change_reward")

    @display(description=_("picture"))
    def preview(self, reward: Reward) -> str:
        """Small."""
        return _picture(reward, 40)

    @display(description=_("picture"))
    def picture_large(self, reward: Reward) -> str:
        """As members see it."""
        return _picture(reward, 160)

    @display(description=_("kind"), ordering="kind", label={"item": "info", "voucher": "success"})
    def kind_label(self, reward: Reward) -> tuple[str, str]:
        """In its colour."""
        return reward.kind, str(RewardKind(reward.kind).label)

    @display(description=_("price"), ordering="price_points")
    def price(self, reward: Reward) -> str:
        """1,000 MALL + 9.90 CNY."""
        points = f"{reward.price_points:,} {reward.program.code}"
        return f"{points} + {reward.price_money} {reward.currency}" if reward.price_money else points

    @display(description=_("pieces left"), ordering="pieces_left")
    def left(self, reward: Any) -> str:
        """At all outlets together."""
        return f"{reward.pieces_left or 0:,}"

    @display(description=_("stock and orders"))
    def stock_links(self, reward: Reward) -> object:
        """Where the rows are."""
        if reward.pk is None or reward._state.adding:  # noqa: SLF001 -- Django's own way to tell
            return "—"
        return format_html(
            "{} · {}",
            list_link(Stock, _("Stock by outlet"), reward__id__exact=reward.pk),
            list_link(RewardOrder, _("Orders"), reward__id__exact=reward.pk),
        )

    @action(description=_("Upload a picture"), url_path="picture", permissions=["picture"], icon="image")
    def upload(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show it by another picture."""
        reward = self._named(request, object_id)
        form = PictureForm(sent(request), request.FILES or None)

        def do(said: Any) -> tuple[Any, str]:
            content = said["picture"].read()
            set_picture(reward=reward, content=content, by=actor_of(operator_of(request)), at=clock.now())
            return _("The picture shows from now on."), _page_of(reward)

        words = format_html("{}", _picture(reward, 160))
        return self.act(
            request, form=form, do=do, title=f"{_('Picture')}: {reward}", button=_("Upload"), words=words
        )

    @action(description=_("Receive stock"), url_path="receive", permissions=["stock"], icon="inventory")
    def receive(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Pieces arrived at an outlet."""
        reward = self._named(request, object_id)

        def do(said: Any) -> tuple[Any, str]:
            stock = open_stock(reward=reward, outlet=said["outlet"])
            receive_stock(
                stock=stock,
                quantity=said["pieces"],
                reason=said["reason"],
                by=actor_of(operator_of(request)),
                at=clock.now(),
            )
            return _("Received."), reverse("admin:benefits_stock_change", args=[stock.pk])

        return self.act(
            request,
            form=ReceiveForm(sent(request)),
            do=do,
            title=f"{_('Receive stock')}: {reward}",
            button=_("Receive"),
        )

    def _named(self, request: HttpRequest, object_id: str) -> Reward:
        reward = self.get_object(request, object_id)
        assert isinstance(reward, Reward), "the page of a reward that is there"
        return reward


def _picture(reward: Reward, side: int) -> str:
    path = picture_path(reward.picture_id)
    if path is None:
        return "—"
    return format_html(
        '<img src="{}" alt="{}" style="height:{}px;max-width:{}px;object-fit:cover;border-radius:6px">',
        path,
        reward.name,
        side,
        side * 2,
    )


def _page_of(reward: Reward) -> str:
    return reverse("admin:benefits_reward_change", args=[reward.pk])
