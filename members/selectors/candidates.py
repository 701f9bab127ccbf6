"""Match candidates: those that wait for a decision, their neighbours in the queue, the two side by side."""

from typing import NamedTuple

from django.db.models import Q, QuerySet

from members.models import Identity, MatchCandidate, MatchState, Member
from members.rules.masking import masked_address, masked_birth_date, masked_identity, masked_name
from units.models import BusinessUnit


class Line(NamedTuple):
    """One field of the two, masked, and how it agrees: a level of the model's, or empty."""

    field: str
    new: str
    known: str
    level: str


def waiting(*, unit: BusinessUnit | None = None) -> QuerySet[MatchCandidate]:
    """Those that nobody has decided, put off or not; of `unit` or of all. Unordered."""
    found = MatchCandidate.objects.filter(state__in=[MatchState.OPEN, MatchState.LATER])
    return found if unit is None else found.filter(unit=unit)


def neighbours(candidate: MatchCandidate) -> tuple[int | None, int | None]:
    """(the one before, the one after) in the queue of open ones: the likest first, then by age."""
    queue = MatchCandidate.objects.filter(state=MatchState.OPEN).exclude(pk=candidate.pk)
    likelier = Q(score__gt=candidate.score) | Q(score=candidate.score, pk__lt=candidate.pk)
    before = queue.filter(likelier).order_by("score", "-pk").values_list("pk", flat=True).first()
    after = queue.exclude(likelier).order_by("-score", "pk").values_list("pk", flat=True).first()
    return before, after


def side_by_side(candidate: MatchCandidate) -> list[Line]:
    """The two, field by field, masked: enough to tell them apart, too little to use."""
    new, known = (_masked(member) for member in (candidate.member, candidate.other))
    return [Line(field, new[field], known[field], candidate.evidence.get(field, "")) for field in new]


def _masked(member: Member) -> dict[str, str]:
    identities = Identity.objects.filter(member=member).order_by("-is_active", "pk")
    told: dict[str, list[str]] = {}
    for kind, value in identities.values_list("kind", "value"):
        told.setdefault(kind, []).append(masked_identity(kind, value))
    return {
        "number": member.number,
        "name": masked_name(member.name),
        "birth_date": masked_birth_date(member.birth_date),
        "gender": member.gender,
        "address": masked_address(member.address),
        "phone": ", ".join(told.get("phone", ())),
        "email": ", ".join(told.get("email", ())),
    }
