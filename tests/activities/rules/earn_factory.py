"""Rules, books and deeds to test with: each says only what matters."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from activities.rules.earn_book import Book
from activities.rules.earn_facts import Deed, Line, Outcome, Person, Site
from activities.rules.earn_terms import Caps, Conditions, Rule, Terms
from activities.rules.earn_trace import read_trace

NOON = datetime(2026, 3, 31, 4, tzinfo=UTC)  # noon of a Tuesday in Shanghai
ME = Person("active")
_CONDITIONS = {field.name for field in fields(Conditions)}
_CAPS = {field.name for field in fields(Caps)}
_TERMS = {field.name for field in fields(Terms)} - {"conditions", "caps"}


def rule(rule_id: int = 1, effect: str = "base", **said: Any) -> Rule:
    """A rule of the mall's program; conditions, caps and terms by their names."""
    conditions = Conditions(**{name: said.pop(name) for name in _CONDITIONS & said.keys()})
    caps = Caps(**{name: said.pop(name) for name in _CAPS & said.keys()})
    terms = Terms(conditions=conditions, caps=caps, **{name: said.pop(name) for name in _TERMS & said.keys()})
    usual: dict[str, Any] = {
        "code": f"R{rule_id}",
        "version": 1,
        "program_id": 1,
        "program": "MALL",
        "program_is_active": True,
        "unit": "MALL",
        "starts_at": NOON - timedelta(days=900),
        "ends_at": None,
    }
    numbers = {name: Decimal(said.pop(name)) for name in ("rate", "factor", "percent") if name in said}
    return Rule(rule_id=rule_id, effect=effect, terms=terms, **usual | numbers | said)


def book(*rules: Rule, zone: str = "Asia/Shanghai") -> Book:
    return Book(Site("MALL", "mall", zone, ((1, "S1", "PLAZA", zone), (2, "S2", "ANNEX", zone))), rules)


def deed(amount: str = "100.00", *, paid: str = "0", lines: tuple[Line, ...] = (), **said: Any) -> Deed:
    return Deed(
        **{
            "kind": "purchase",
            "occurred_at": NOON,
            "cents": sum(line.cents for line in lines) or int(Decimal(amount) * 100),
            "paid_cents": int(Decimal(paid) * 100),
            "lines": lines,
            "person": ME,
        }
        | said
    )


def points(outcome: Outcome) -> int:
    return sum(parcel.points for parcel in outcome.parcels)


def reasons(outcome: Outcome, *rules: Rule) -> dict[str, str]:
    """Code → reason."""

    return {
        line.rule.removeprefix("earn:").split(" ")[0]: line.reason
        for line in read_trace(json.loads(outcome.trace), {one.rule_id: one for one in rules})
    }
