"""A person as a unit describes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person as a unit describes them; every value in its normal form (members/rules/normalise.py)."""

    joined_at: datetime
    legacy_card: str | None = None
    phone: str | None = None
    email: str | None = None
    name: str = ""
    birth_date: date | None = None
    gender: str = ""
    address: str = ""
    tier_hint: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
