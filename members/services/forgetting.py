"""What this app knows of a person is forgotten: first their data keys, then every row that only told of them.

What stays carries the surrogate id and no word about the person: enrolments, residencies and events of the
membership, whose texts were closed with the key that is gone. The books need them (docs/privacy.md).
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from common.models import IdempotencyRecord
from common.sql import plain_array
from members.data_keys import destroy_keys
from members.models import (
    DataExport,
    Enrolment,
    EventKind,
    Guardianship,
    HouseholdMember,
    HouseholdState,
    Identity,
    IdentityKind,
    MatchCandidate,
    MatchKey,
    Member,
    MemberEvent,
    MemberMerge,
    MemberStatus,
    MemberToken,
    ProofCode,
    Residency,
)
from members.services.households import leave_household
from members.services.sending import forget_messages

# What a card or a reference of a fee system becomes: it leads to nobody, and stays unique.
_STAND_IN: Final = "'erased-' || substr(md5(random()::text || id::text), 1, 20)"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Whose keys are gone, how many there were, and where messages went to them."""

    ids: Collection[UUID]
    keys: int
    sent_to: Collection[str]


def destroy_words(*, ids: Collection[UUID]) -> Unreadable:
    """Destroy the data keys of the person whose ids these are: inside the caller's transaction.

    The keys go before all else: whoever is writing about the person is waited for, whoever comes later is
    refused.
    """
    assert connection.in_atomic_block, "an erasure is whole or not at all"
    sent_to = _sent_to(ids)
    _close_anew_what_others_keep(ids)
    return Unreadable(ids=ids, keys=destroy_keys(ids), sent_to=sent_to)


def forget_person(*, words: Unreadable, by: str, at: datetime) -> dict[str, int]:
    """Forget the person whose words are gone: inside the same transaction. Rows that changed, by kind."""
    assert connection.in_atomic_block, "an erasure is whole or not at all"
    ids = words.ids
    done: Counter[str] = Counter(keys=words.keys)
    for place in HouseholdMember.objects.filter(member_id__in=ids, state=HouseholdState.ACCEPTED):
        leave_household(member=place.member, at=at)
    HouseholdMember.objects.filter(member_id__in=ids, state=HouseholdState.INVITED).update(
        state=HouseholdState.DECLINED, ended_at=at
    )
    done["messages"] = forget_messages(words.sent_to)
    for name, rows in (
        ("identities", Identity.objects.filter(member_id__in=ids).exclude(kind=IdentityKind.PLATE)),
        ("codes", ProofCode.objects.filter(member_id__in=ids)),
        ("tokens", MemberToken.objects.filter(member_id__in=ids)),
        ("match_keys", MatchKey.objects.filter(member_id__in=ids)),
        ("match_candidates", MatchCandidate.objects.filter(Q(member_id__in=ids) | Q(other_id__in=ids))),
        ("data_exports", DataExport.objects.filter(member_id__in=ids)),
    ):
        done[name] = rows.delete()[0]
    done["plates"] = _forget_plates(ids, at)
    done["answers"] = _forget_answers(ids)
    for member in Member.objects.filter(pk__in=ids).select_for_update(no_key=True).order_by("pk"):
        member.name = member.address = member.gender = ""
        member.birth_date = None
        member.status = MemberStatus.CLOSED
        member.save(update_fields=["name", "address", "gender", "birth_date", "status"])
        MemberEvent.objects.create(member=member, kind=EventKind.ERASED, by=by, at=at)
        done["members"] += 1
    for enrolment in Enrolment.objects.filter(member_id__in=ids):
        enrolment.attributes, enrolment.tier_hint = {}, ""
        enrolment.save(update_fields=["attributes", "tier_hint"])
    # What was seen of a guardian stands with the child, closed with the child's key.
    for seen in Guardianship.objects.filter(guardian_id__in=ids).exclude(child_id__in=ids):
        seen.evidence = "—"
        seen.save(update_fields=["evidence"])
    done["cards"] = _stand_in("members_enrolment", "legacy_card", ids)
    done["residencies"] = _stand_in(Residency._meta.db_table, "source_ref", ids)  # noqa: SLF001 -- Django's documented model API
    return dict(done)


def _close_anew_what_others_keep(ids: Collection[UUID]) -> None:
    """What stayed with the other person when a merge was undone may be closed with a key that goes now."""
    merges = MemberMerge.objects.filter(Q(survivor_id__in=ids) | Q(alias_id__in=ids))
    pairs = merges.values_list("survivor_id", "alias_id")
    others = {one for pair in pairs for one in pair}.difference(ids)
    if not others:
        return
    for identity in Identity.objects.filter(member_id__in=others):
        identity.save(update_fields=["value"])
    for enrolment in Enrolment.objects.filter(member_id__in=others):
        enrolment.save(update_fields=["attributes"])
    for guardianship in Guardianship.objects.filter(child_id__in=others):
        guardianship.save(update_fields=["evidence"])


def _forget_plates(ids: Collection[UUID], at: datetime) -> int:
    """Rows that parking passes point at: each says no plate any more, and leads to none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE members_identity SET is_active = false, ended_at = coalesce(ended_at, %s), value = '',"
            " blind_index = sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))"
            " WHERE kind = %s AND member_id = ANY(%s::uuid[])",
            [at, IdentityKind.PLATE, plain_array(ids)],
        )
        return int(cursor.rowcount)


def _stand_in(table: str, column: str, ids: Collection[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = {_STAND_IN}"  # noqa: S608 -- names of ours
            f" WHERE member_id = ANY(%s::uuid[]) AND {column} IS NOT NULL AND {column} NOT LIKE 'erased-%%'",
            [plain_array(ids)],
        )
        return int(cursor.rowcount)


def _forget_answers(ids: Collection[UUID]) -> int:
    """Answers kept for retries: the person's own, and those that told a till of them (a card, a reference).

    The latter are found by the surrogate id in them: one pass over the answers of the last days.
    """
    gone = 0
    for member_id in ids:
        own = Q(caller=f"member:{member_id}") | Q(caller__startswith=f"member:{member_id}:for:")
        gone += IdempotencyRecord.objects.filter(own).delete()[0]
        with connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM common_idempotencyrecord WHERE position(convert_to(%s, 'UTF8') IN response) > 0",
                [str(member_id)],
            )
            gone += cursor.rowcount
    return gone


def _sent_to(ids: Collection[UUID]) -> set[str]:
    """Where codes and notices went: a file that stands for a channel holds lines of it."""
    identities = Identity.objects.filter(member_id__in=ids, kind__in=[IdentityKind.PHONE, IdentityKind.EMAIL])
    codes = ProofCode.objects.filter(member_id__in=ids)
    return {*identities.values_list("value", flat=True), *codes.values_list("value", flat=True)}
