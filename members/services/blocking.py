"""Blocks: who shares a keyed hash of birth date and initial, house number and street, … with whom.

A million members stay encrypted while a list is matched: only those who share a block with a row are opened.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from members.models import Identity, IdentityKind, MatchKey, MatchKeyKind, Member, MemberStatus
from members.rules.linkage_features import Features, block_keys, features_of
from members.services.storing import store_match_keys
from members.vault import blind_index

# A larger block says too little to be worth opening: a filled-in birth date, a name that thousands bear. The
# other blocks of the same people find them.
BLOCK_MEMBERS_MAX: Final = 200
NAME_MEMBERS_MAX: Final = 20
_KINDS: Final = {kind.name.lower(): kind.value for kind in MatchKeyKind}


def match_keys(person: Features) -> dict[int, int]:
    """Key → kind of each block of `person`."""
    return {key_of(kind, text): _KINDS[kind] for kind, text in block_keys(person)}


def key_of(kind: str, text: str) -> int:
    """The keyed hash of a block: 64 bits are plenty, for a collision only compares two strangers."""
    return int.from_bytes(blind_index(f"match:{kind}", text)[:8], "big", signed=True)


def known_keys(keys: Collection[int]) -> set[int]:
    """Those of `keys` that somebody has. No statement where none is asked for."""
    return (
        set(MatchKey.objects.filter(key__any_of=list(keys)).values_list("key", flat=True)) if keys else set()
    )


def members_in_blocks(keys: Mapping[int, int]) -> dict[int, list[UUID]]:
    """Key → members, of each block that is small enough to tell people apart. One statement."""
    if not keys:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.key, array_agg(m.member_id)"
            " FROM unnest(%s::bigint[], %s::int[]) AS k (key, members_max),"
            " LATERAL (SELECT member_id FROM members_matchkey WHERE key = k.key LIMIT k.members_max + 1) AS m"
            " GROUP BY k.key, k.members_max HAVING count(*) <= k.members_max",
            [
                list(keys),
                [
                    NAME_MEMBERS_MAX if kind == MatchKeyKind.NAME else BLOCK_MEMBERS_MAX
                    for kind in keys.values()
                ],
            ],
        )
        return dict(cursor.fetchall())


def features_of_members(ids: Collection[UUID]) -> dict[UUID, Features]:
    """Open these members and make them comparable; closed ones are nobody's match. Two statements."""
    if not ids:
        return {}
    identities = Identity.objects.filter(
        member_id__any_of=ids, kind__in=[IdentityKind.PHONE, IdentityKind.EMAIL], is_active=True
    ).order_by("pk")
    phones: dict[UUID, str] = {}
    emails: dict[UUID, str] = {}
    for member_id, kind, index, value in identities.values_list("member_id", "kind", "blind_index", "value"):
        if kind == IdentityKind.PHONE:
            phones.setdefault(member_id, bytes(index).hex())
        else:
            emails.setdefault(member_id, value)
    members = Member.objects.filter(pk__any_of=ids).exclude(status=MemberStatus.CLOSED)
    told = members.values_list("pk", "name", "birth_date", "gender", "address")
    return {
        pk: features_of(
            name=name,
            birth_date=birth_date,
            gender=gender,
            address=address,
            phone=phones.get(pk),
            email=emails.get(pk),
        )
        for pk, name, birth_date, gender, address in told
    }


def phone_feature(phone: str | None) -> str:
    """A phone as features_of_members tells it: two are compared by their blind index, never opened."""
    return "" if phone is None else blind_index(IdentityKind.PHONE, phone).hex()


@transaction.atomic
def refresh_match_keys(ids: Iterable[UUID]) -> int:
    """Put these members into the blocks that their present values name. Returns the number of keys."""
    members = list(ids)
    keyed = [
        (member_id, kind, key)
        for member_id, person in features_of_members(members).items()
        for key, kind in match_keys(person).items()
    ]
    # What a linked row was called is no description of the member's: it stays.
    MatchKey.objects.filter(member_id__any_of=members).exclude(kind=MatchKeyKind.TOLD).delete()
    store_match_keys(keyed)
    return len(keyed)


def members_after(last: UUID | None, *, count: int) -> Sequence[UUID]:
    """The next `count` members by id: what a walk over all of them asks for."""
    members = Member.objects.order_by("pk")
    return list((members.filter(pk__gt=last) if last else members).values_list("pk", flat=True)[:count])
