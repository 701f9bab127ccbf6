"""Tier schemes: written as a draft, proposed, and in force once a second person approves."""

import logging
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy

from activities.models import SchemeState, TierScheme
from activities.selectors.tier_schemes import group_day
from common.errors import DomainError, InvalidRequest
from points.services.approvals import (
    TEXT_MAX,
    AlreadyDecided,
    TextTooLong,
    refuse_foreign,
    refuse_own,
    refuse_without,
)

logger = logging.getLogger(__name__)

WRITE_SCHEME = "activities.change_tierscheme"
APPROVE_SCHEME = "activities.can_approve_tier_scheme"
_TERMS = ("window", "window_months", "validity_months", "grace_days", "refund_days")
_PARTS = ("levels", "credit_rules", "roles", "matches")


class SchemeStartsTooSoon(InvalidRequest):
    """Terms never change behind members' backs: only the very first scheme may start in the past."""

    code = "scheme_starts_too_soon"
    title = gettext_lazy("A new scheme starts tomorrow or later: what members rely on today stays.")


class SchemeStartTaken(DomainError):
    """Another approved scheme starts on that day."""

    code = "scheme_start_taken"
    title = gettext_lazy("Another approved scheme starts on that day.")


class LevelsDoNotRise(InvalidRequest):
    """A higher level asks more than a lower one."""

    code = "levels_do_not_rise"
    title = gettext_lazy("A higher level must ask more credits than a lower one.")


class SchemeSaysNothing(InvalidRequest):
    """Nobody could rise by it."""

    code = "scheme_says_nothing"
    title = gettext_lazy(
        "Nobody could rise by this scheme: give a level its credits, a role or a unit's tier."
    )


def draft_scheme(*, by: User, at: datetime, starts_on: Any = None, **terms: Any) -> TierScheme:
    """A new draft with the terms and parts of the newest approved scheme, where there is one.

    :raises Forbidden: `by` may not write schemes
    """
    refuse_without(WRITE_SCHEME, by)
    with transaction.atomic():
        model = TierScheme.objects.filter(state=SchemeState.APPROVED).order_by("-starts_on").first()
        latest = TierScheme.objects.aggregate(latest=Max("version"))["latest"] or 0
        copied = {name: getattr(model, name) for name in _TERMS} if model is not None else {}
        draft = TierScheme.objects.create(
            version=latest + 1,
            starts_on=starts_on or group_day(at),
            made_by=by,
            made_at=at,
            **copied | terms,
        )
        if model is not None:
            _copy_parts(model, draft)
    logger.info("tier scheme %s drafted by %s", draft.version, by.pk)
    return draft


def propose_scheme(*, scheme: TierScheme, by: User, at: datetime, note: str = "") -> TierScheme:
    """Ask for a draft to come into force. From now on nobody edits it.

    :raises Forbidden: `by` may not write schemes
    :raises NotOwnRequest: another person wrote it
    :raises AlreadyDecided: it is no draft any more
    :raises SchemeStartsTooSoon: it would change what holds today
    :raises LevelsDoNotRise: a higher level asks no more than a lower one
    :raises SchemeSaysNothing: nobody could rise by it
    """
    refuse_without(WRITE_SCHEME, by)
    with transaction.atomic():
        fresh = _locked(scheme, SchemeState.DRAFT)
        refuse_foreign(fresh.made_by_id, by)
        _check(fresh, at)
        fresh.state = SchemeState.PROPOSED
        fresh.reason = _short(note) or fresh.reason
        fresh.save(update_fields=["state", "reason"])
    logger.info("tier scheme %s proposed by %s", fresh.version, by.pk)
    return fresh


def approve_scheme(*, scheme: TierScheme, by: User, at: datetime, note: str = "") -> TierScheme:
    """Let a proposed scheme come into force on its day. Members are assessed by it in that day's review.

    :raises Forbidden: `by` may not approve schemes
    :raises OwnRequest: `by` wrote it
    :raises AlreadyDecided: somebody decided before
    :raises SchemeStartsTooSoon: its day is past: propose it anew
    :raises SchemeStartTaken: another scheme starts on its day
    """
    refuse_without(APPROVE_SCHEME, by)
    try:
        with transaction.atomic():
            fresh = _locked(scheme, SchemeState.PROPOSED)
            refuse_own(fresh.made_by_id, by)
            _check(fresh, at)
            return _decide(fresh, SchemeState.APPROVED, by, at, note)
    except IntegrityError as taken:
        raise SchemeStartTaken from taken


def reject_scheme(*, scheme: TierScheme, by: User, at: datetime, note: str = "") -> TierScheme:
    """Refuse a proposed scheme.

    :raises Forbidden: `by` may not approve schemes
    :raises OwnRequest: `by` wrote it
    :raises AlreadyDecided: somebody decided before
    """
    refuse_without(APPROVE_SCHEME, by)
    with transaction.atomic():
        fresh = _locked(scheme, SchemeState.PROPOSED)
        refuse_own(fresh.made_by_id, by)
        return _decide(fresh, SchemeState.REJECTED, by, at, note)


def withdraw_scheme(*, scheme: TierScheme, by: User, at: datetime, note: str = "") -> TierScheme:
    """Take back one's own draft or proposal.

    :raises NotOwnRequest: another person wrote it
    :raises AlreadyDecided: somebody decided before
    """
    with transaction.atomic():
        fresh = _locked(scheme, SchemeState.DRAFT, SchemeState.PROPOSED)
        refuse_foreign(fresh.made_by_id, by)
        return _decide(fresh, SchemeState.WITHDRAWN, by, at, note)


def _locked(scheme: TierScheme, *states: SchemeState) -> TierScheme:
    fresh = TierScheme.objects.select_for_update(no_key=True).get(pk=scheme.pk)
    if fresh.state not in states:
        raise AlreadyDecided(state=fresh.state)
    return fresh


def _decide(scheme: TierScheme, state: SchemeState, by: User, at: datetime, note: str) -> TierScheme:
    scheme.state, scheme.decided_by, scheme.decided_at, scheme.note = state, by, at, _short(note)
    scheme.save(update_fields=["state", "decided_by", "decided_at", "note"])
    logger.info("tier scheme %s %s by %s", scheme.version, state, by.pk)
    return scheme


def _short(note: str) -> str:
    if len(note) > TEXT_MAX:
        raise TextTooLong(field="note")
    return note.strip()


def _check(scheme: TierScheme, at: datetime) -> None:
    """What must hold before a scheme can be in force."""
    approved = TierScheme.objects.filter(state=SchemeState.APPROVED)
    if approved.exists() and scheme.starts_on <= group_day(at):
        raise SchemeStartsTooSoon(field="starts_on")
    asked = [
        line.credits
        for line in scheme.levels.select_related("tier").order_by("tier__level")
        if line.credits is not None
    ]
    if any(lower >= higher for lower, higher in pairwise(asked)):
        raise LevelsDoNotRise(field="levels")
    if not any(credit > 0 for credit in asked) and not scheme.roles.exists() and not scheme.matches.exists():
        raise SchemeSaysNothing(field="levels")


def _copy_parts(source: TierScheme, target: TierScheme) -> None:
    for part in _PARTS:
        rows = list(getattr(source, part).order_by("pk"))
        for row in rows:
            row.pk, row.scheme = None, target
            row._state.adding = True  # noqa: SLF001 -- Django's documented way to copy a row
            row.save()
