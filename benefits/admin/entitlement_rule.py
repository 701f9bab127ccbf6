"""Entitlement rules and segments: who has how much of what, how often."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from benefits.models import EntitlementRule, FactSet, PeriodZone, QuotaPeriod, Sharing
from benefits.selectors.words import quota_in_words
from benefits.services.catalogue import RuleTerms, end_rule, publish_rule
from common.admin import BaseAdmin, actor_of
from points.admin.periods import InForceFilter, PeriodAdmin, PeriodForm

_TERMS = (
    "amount", "period", "tier", "role", "unit", "venue", "enrolled_at", "in_birth_month", "fact_set", "zone",
    "sharing", "is_pro_rata",
)  # fmt: skip


class RuleForm(PeriodForm):
    """Conditions, amount, period."""

    class Meta:
        model = EntitlementRule
        fields = ("code", "benefit", *_TERMS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in self.fields:
                # Published is published, begun or not: another version takes its place.
                self.fields[name].disabled = name != "ends_at"

    def rivals(self, said: dict[str, Any]) -> QuerySet[EntitlementRule]:
        """The versions of the same rule."""
        return EntitlementRule.objects.filter(code=said["code"])

    def clean(self) -> dict[str, Any]:
        """What hangs on a role names one."""
        said = super().clean() or {}
        hangs = [
            name
            for name, is_set in (
                ("unit", said.get("unit")),
                ("venue", said.get("venue")),
                ("is_pro_rata", said.get("is_pro_rata")),
                ("period", said.get("period") == QuotaPeriod.STAY),
                ("sharing", said.get("sharing") == Sharing.HOME),
            )
            if is_set
        ]
        if hangs and not said.get("role"):
            self.add_error(hangs[0], _("This hangs on a role: choose one."))
        return said


@admin.register(EntitlementRule)
class EntitlementRuleAdmin(PeriodAdmin):
    """Who has a benefit by what they are. Rights follow at once when a rule or a fact changes."""

    form = RuleForm
    list_display = ("told_rule", "benefit", "conditions", "quota", "sharing", "state", "starts", "ends")
    list_filter = (
        InForceFilter, "tier", "role", "period", ("benefit", admin.RelatedOnlyFieldListFilter),
    )  # fmt: skip
    list_select_related = ("benefit__kind", "tier", "venue", "unit", "enrolled_at", "fact_set")
    search_fields = ("code",)
    ordering = ("code", "-version")
    fieldsets = (
        (
            None,
            {
                "fields": (("code", "benefit"), ("amount", "period"), ("zone", "sharing")),
                "description": _(
                    "The rules by tier of one benefit are rungs: the highest that a member reaches counts, "
                    "and what was used under a lower one counts too. They need the same period."
                ),
            },
        ),
        (
            _("Who has it (all that are set must hold; none: every member)"),
            {
                "fields": (
                    ("tier", "fact_set"), ("role", "is_pro_rata"), ("unit", "venue"),
                    ("enrolled_at", "in_birth_month"),
                )
            },
        ),
        (_("in force"), {"fields": (("starts_at", "ends_at"), "is_successor")}),
    )  # fmt: skip

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 -- Django's signature
        """Nobody: it is ended."""
        return False

    @display(description=_("rule"), ordering="code")
    def told_rule(self, rule: EntitlementRule) -> str:
        """PARK-GOLD v2."""
        return str(rule)

    @display(description=_("quota"))
    def quota(self, rule: EntitlementRule) -> str:
        """3 h a day."""
        return quota_in_words(rule, rule.benefit.kind.measure, "")

    @display(description=_("who has it"))
    def conditions(self, rule: EntitlementRule) -> str:
        """All conditions that are set."""
        told = [
            str(found)
            for found in (
                rule.tier,
                rule.role and rule.get_role_display(),
                rule.venue or rule.unit,
                rule.enrolled_at,
                rule.fact_set,
            )
            if found
        ]
        told += [str(_("the month of the birthday"))] if rule.in_birth_month else []
        return str(_(", ")).join(told) or str(_("every member"))

    def save_model(self, request: HttpRequest, obj: EntitlementRule, form: Any, change: bool) -> None:  # noqa: FBT001 -- same
        """Publish, or end."""
        said, by = form.cleaned_data, actor_of(request.user)
        if change:
            end_rule(rule=obj, ends_at=said["ends_at"], by=by, at=form.at)
            return
        terms = {name: said[name] for name in _TERMS} | {
            "period": QuotaPeriod(said["period"]),
            "zone": PeriodZone(said["zone"]),
            "sharing": Sharing(said["sharing"]),
        }
        made = publish_rule(
            code=said["code"],
            benefit=said["benefit"],
            terms=RuleTerms(**terms),
            starts_at=said["starts_at"],
            ends_at=said["ends_at"],
            is_successor=said["is_successor"],
            by=by,
        )
        obj.pk, obj.during, obj.version = made.pk, made.during, made.version


@admin.register(FactSet)
class FactSetAdmin(BaseAdmin):
    """Segments that rules may ask for. Whoever knows what they mean fills them."""

    list_display = ("code", "name", "members_now")
    search_fields = ("code",)
    ordering = ("code",)
    fields = ("code", ("name_zh", "name_en"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002 -- Django's signature
        """Rules and whoever fills it name it by its code."""
        return ("code",) if obj else ()

    @display(description=_("name"))
    def name(self, fact_set: FactSet) -> str:
        """In the reader's language."""
        return str(fact_set)

    @display(description=_("members at present"))
    def members_now(self, fact_set: FactSet) -> int:
        """How many are in it."""
        return fact_set.places.filter(during__endswith__isnull=True).count()
