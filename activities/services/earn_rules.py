"""Earn rules: proposed by one person, made the next version of their code when a second one approves.

What can only stop earning (ending a rule sooner, withdrawing one to come) needs nobody else.
"""

import logging
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from activities.models import EarnEffect, EarnRule, EarnRuleProposal
from activities.rules.earn_terms import BadRuleTerms, Terms, check_terms, terms_as_told, terms_from
from points.models import Program, ProposalState
from points.services.approvals import decide, refuse_foreign, refuse_own, refuse_without, waiting
from points.services.periods import (
    PeriodBegun,
    PeriodUpsideDown,
    end_period,
    end_predecessor,
    overlaps_refused,
    period,
)
from units.models import BusinessUnit

logger = logging.getLogger(__name__)

PROPOSE_RULE = "activities.can_propose_earn_rule"
APPROVE_RULE = "activities.can_approve_earn_rule"
_CONSTRAINT = "earn_rule_versions_never_overlap"
_TERMS = (
    *("code", "name_zh", "name_en", "unit_id", "program_id", "effect", "priority"),
    *("points_per_currency_unit", "fixed_points", "factor", "tax_percent", "terms"),
)


_ANY = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDraft:
    """What a rule is to say, in force in `[starts_at, ends_at)`; no start: from the approval on.

    `unit` None: every unit that the terms name. Each effect has its number: `rate` (points per currency
    unit) and `fixed` (points per activity) of a base, `factor` of a multiplier, `percent` of a tax.
    """

    code: str
    program: Program
    unit: BusinessUnit | None = None
    effect: str = EarnEffect.BASE
    name_zh: str = ""
    name_en: str = ""
    priority: int = 0
    rate: Decimal = Decimal(0)
    fixed: int = 0
    factor: Decimal | None = None
    percent: Decimal | None = None
    terms: Terms = _ANY
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def propose_earn_rule(*, draft: RuleDraft, is_successor: bool, by: User, at: datetime) -> EarnRuleProposal:
    """Ask for a rule, or for the next version of one. It may start in the past, for a history to be imported.

    Once approved, a successor ends the version in force at its start, at that instant.

    :raises Forbidden: `by` may not propose rules
    :raises BadRuleTerms: no such rule can be
    :raises PeriodUpsideDown: it would end before it starts
    """
    refuse_without(PROPOSE_RULE, by)
    check_draft(draft)
    period(starts_at=draft.starts_at or at, ends_at=draft.ends_at)
    proposal = EarnRuleProposal(
        **columns_of(draft),
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        is_successor=is_successor,
        proposed_by=by,
        proposed_at=at,
    )
    proposal.save()
    logger.info("earn rule proposal %s (%s) by user:%s", proposal.pk, draft.code, by.pk)
    return proposal


def approve_earn_rule(*, proposal: EarnRuleProposal, by: User, at: datetime, note: str = "") -> EarnRule:
    """Make what another person proposed the next version of its code.

    What was posted by then stays posted: a rule that starts in the past holds for what is heard from now on.

    :raises Forbidden: `by` may not approve rules
    :raises OwnRequest: `by` proposed it
    :raises AlreadyDecided: somebody was here before
    :raises PeriodOverlaps: another version is in force in that time
    :raises BadRuleTerms: the code stands for another program, unit or effect
    """
    refuse_without(APPROVE_RULE, by)
    with overlaps_refused(_CONSTRAINT):
        _lock_rules()
        fresh = waiting(proposal)
        refuse_own(fresh.proposed_by_id, by)
        rule = _enter(fresh, by, at)
        fresh.version = rule.version
        decide(fresh, state=ProposalState.APPROVED, by=by, at=at, note=note)
    logger.info("earn rule %s: proposal %s approved by user:%s", rule, proposal.pk, by.pk)
    return rule


def reject_earn_rule(
    *, proposal: EarnRuleProposal, by: User, at: datetime, note: str = ""
) -> EarnRuleProposal:
    """Refuse what another person proposed.

    :raises Forbidden: `by` may not approve rules
    :raises OwnRequest: `by` proposed it
    :raises AlreadyDecided: somebody was here before
    """
    refuse_without(APPROVE_RULE, by)
    with transaction.atomic():
        fresh = waiting(proposal)
        refuse_own(fresh.proposed_by_id, by)
        decide(fresh, state=ProposalState.REJECTED, by=by, at=at, note=note)
    return fresh


def withdraw_earn_proposal(
    *, proposal: EarnRuleProposal, by: User, at: datetime, note: str = ""
) -> EarnRuleProposal:
    """Take back one's own proposal.

    :raises NotOwnRequest: another person proposed it
    :raises AlreadyDecided: somebody was here before
    """
    with transaction.atomic():
        fresh = waiting(proposal)
        refuse_foreign(fresh.proposed_by_id, by)
        decide(fresh, state=ProposalState.WITHDRAWN, by=by, at=at, note=note)
    return fresh


def publish_earn_rule(
    *, draft: RuleDraft, is_successor: bool, proposed_by: User, approved_by: User, at: datetime
) -> EarnRule:
    """Both steps at once, for what sets a group up: the same checks, two people, both on record.

    :raises Forbidden, OwnRequest, BadRuleTerms, PeriodUpsideDown, PeriodOverlaps: as when proposed and
        approved
    """
    with transaction.atomic():
        proposal = propose_earn_rule(draft=draft, is_successor=is_successor, by=proposed_by, at=at)
        return approve_earn_rule(proposal=proposal, by=approved_by, at=at)


def end_earn_rule(*, rule: EarnRule, ends_at: datetime, by: User, at: datetime) -> EarnRule:
    """Let a rule in force end at `ends_at`, now or later, and not after it would have ended anyway.

    :raises Forbidden: `by` may not propose rules
    :raises PeriodBegun: that instant is past, the rule has ended, or it would hold longer than approved
    """
    refuse_without(PROPOSE_RULE, by)
    with transaction.atomic():
        fresh = EarnRule.objects.select_for_update().get(pk=rule.pk)
        if fresh.during.upper is not None and ends_at > fresh.during.upper:
            raise PeriodBegun(_("To let it hold longer, propose another version."))
        end_period(fresh, ends_at=ends_at, at=at)
    rule.refresh_from_db()
    logger.info("earn rule %s ends %s by user:%s", rule, ends_at, by.pk)
    return rule


def withdraw_earn_rule(*, rule: EarnRule, by: User, at: datetime) -> None:
    """Remove a version that has not begun. What proposed it stays on record.

    :raises Forbidden: `by` may not propose rules
    :raises PeriodBegun: it is, or was, in force
    """
    refuse_without(PROPOSE_RULE, by)
    with transaction.atomic():
        fresh = EarnRule.objects.select_for_update().get(pk=rule.pk)
        if fresh.during.lower is None or fresh.during.lower <= at:
            raise PeriodBegun
        fresh.delete()
    logger.info("earn rule %s withdrawn by user:%s", rule, by.pk)


def check_draft(draft: RuleDraft) -> None:
    """What a rule must say, whoever asks for it.

    :raises BadRuleTerms: names the first field at fault
    """
    check_terms(draft.terms)
    if EarnRuleProposal(code=draft.code).code_is_odd:
        words = _("A code is capital letters, digits, - and _, 2 to 50 of them, and begins with a letter.")
        raise BadRuleTerms(words, field="code")
    numbers = {
        "points_per_currency_unit": draft.effect == EarnEffect.BASE or not draft.rate,
        "fixed_points": draft.effect == EarnEffect.BASE or not draft.fixed,
        "factor": (draft.effect == EarnEffect.MULTIPLIER) == (draft.factor is not None),
        "tax_percent": (draft.effect == EarnEffect.TAX) == (draft.percent is not None),
    }
    for field, fits in numbers.items():
        if not fits:
            raise BadRuleTerms(_("This effect does not go with this number."), field=field)
    ranges = {
        "points_per_currency_unit": 0 <= draft.rate <= 10_000,
        "fixed_points": 0 <= draft.fixed <= 10**9,
        "factor": draft.factor is None or 1 < draft.factor <= 100,
        "tax_percent": draft.percent is None or 0 < draft.percent < 100,
        "priority": -1_000 <= draft.priority <= 1_000,
    }
    for field, fits in ranges.items():
        if not fits:
            raise BadRuleTerms(_("This number is out of range."), field=field)
    _check_effect(draft)


def _check_effect(draft: RuleDraft) -> None:
    """Terms that an effect has no use for would only mislead."""
    terms, effect = draft.terms, draft.effect
    if effect == EarnEffect.CAP and terms.caps == Terms().caps:
        raise BadRuleTerms(_("A rule that caps needs a cap."), field="caps")
    if effect in {EarnEffect.EXCLUSION, EarnEffect.TAX} and terms.caps != Terms().caps:
        raise BadRuleTerms(_("This effect gives no points that a cap could cut."), field="caps")
    bare = replace(terms, caps=Terms().caps, conditions=Terms().conditions)
    if effect not in {EarnEffect.BASE, EarnEffect.MULTIPLIER} and bare != Terms():
        raise BadRuleTerms(_("This effect gives no points of its own."), field="terms")
    asked = terms.conditions
    if effect not in {EarnEffect.BASE, EarnEffect.MULTIPLIER} and (
        asked.first_visit or asked.minimum_spend is not None
    ):
        raise BadRuleTerms(_("Only rules that give or multiply points ask this."), field="conditions")
    if effect == EarnEffect.MULTIPLIER and (terms.alone or terms.full_steps_of is not None):
        raise BadRuleTerms(_("Only base rules can say this."), field="terms")


def draft_of(proposal: EarnRuleProposal) -> RuleDraft:
    """What a proposal asks for."""
    return RuleDraft(
        code=proposal.code,
        program=proposal.program,
        unit=proposal.unit,
        effect=proposal.effect,
        name_zh=proposal.name_zh,
        name_en=proposal.name_en,
        priority=proposal.priority,
        rate=proposal.points_per_currency_unit,
        fixed=proposal.fixed_points,
        factor=proposal.factor,
        percent=proposal.tax_percent,
        terms=terms_from(proposal.terms),
        starts_at=proposal.starts_at,
        ends_at=proposal.ends_at,
    )


def columns_of(draft: RuleDraft) -> dict[str, Any]:
    """The columns that a draft fills, of a version or a proposal."""
    return {
        "code": draft.code,
        "name_zh": draft.name_zh,
        "name_en": draft.name_en,
        "unit": draft.unit,
        "program": draft.program,
        "effect": draft.effect,
        "priority": draft.priority,
        "points_per_currency_unit": draft.rate,
        "fixed_points": draft.fixed,
        "factor": draft.factor,
        "tax_percent": draft.percent,
        "terms": terms_as_told(draft.terms),
    }


def _enter(asked: EarnRuleProposal, by: User, at: datetime) -> EarnRule:
    versions = EarnRule.objects.filter(code=asked.code)
    rival = versions.order_by("-version").first()
    for field in ("unit_id", "program_id", "effect"):
        if rival is not None and getattr(rival, field) != getattr(asked, field):
            words = _("The code %(code)s stands for a rule of another program, unit or effect.")
            raise BadRuleTerms(words % {"code": asked.code}, field="code")
    starts_at = asked.starts_at or at
    if asked.ends_at is not None and asked.ends_at <= starts_at:
        raise PeriodUpsideDown(field="ends_at")
    if asked.is_successor:
        end_predecessor(versions, starts_at=starts_at)
    # Withdrawn versions are gone; the proposals remember their numbers.
    proposed = EarnRuleProposal.objects.filter(code=asked.code)
    last = max(rows.aggregate(last=Max("version"))["last"] or 0 for rows in (versions, proposed))
    return EarnRule.objects.create(
        **{name: getattr(asked, name) for name in _TERMS},
        version=last + 1,
        during=period(starts_at=starts_at, ends_at=asked.ends_at),
        proposed_by_id=asked.proposed_by_id,
        approved_by=by,
    )


def _lock_rules() -> None:
    """Let one transaction at a time enter rules: two at once must not both take the next version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('activities.earn-rules'))")
