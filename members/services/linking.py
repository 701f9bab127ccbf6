"""Probable matches: rows held against the members who share a block with them, by Splink on DuckDB.

Splink and DuckDB are an optional part (requirements-matching.txt): 100 MB that only the process of an import
needs, so they are loaded where an import begins. Without them exact identities decide alone, and the import
says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple
from uuid import UUID

import pyarrow as pa
from django.conf import settings
from django.db import connection

from members.rules.linkage_features import Features
from members.rules.linkage_groups import Edge, groups
from members.rules.linkage_model import LEVELS, level_of, splink_settings
from members.rules.linkage_veto import Veto, clearly_two, veto
from members.rules.matching import Likeness
from members.selectors.aliases import survivors_of
from members.services.blocking import features_of_members, match_keys, members_in_blocks

COUNTED_MAX: Final = 20_000
_TEXTS: Final = ("hanzi", "surname", "given", "joined", "gender", "place", "email", "phone")
_LISTS: Final = ("words", "numbers")
# Personal values are compared in memory and never spilt to a disk; one core is left to everybody else.
_DUCKDB: Final = {"threads": 1, "memory_limit": "1GB", "temp_directory": ""}
# Any number: imports that compare take turns, so that each sees whom the others made.
TURN: Final = 74_017_320
PATIENCE: Final = "15min"


class Pair(NamedTuple):
    """Two people by their places, and how like they are: the score of 1, the level of each field."""

    left: int
    right: int
    score: float
    bits: float
    levels: dict[str, str]


class Alike(NamedTuple):
    """What a row is like: a member, or an earlier row of its batch by its place."""

    to: UUID | int
    likeness: Likeness


class Found(NamedTuple):
    """By the place of a row: whom it is certainly one with, and whom it is like."""

    links: Mapping[int, UUID | int]
    alike: Mapping[int, Sequence[Alike]]


@dataclass(frozen=True, slots=True)
class Matcher:
    """Finds who may be whom. `link_above`, `ask_above`: see MATCH_LINK_ABOVE in docs/imports.md."""

    link_above: float
    ask_above: float
    links_call_names: bool

    def take_turn(self) -> None:
        """Wait until no other import compares; held to the end of the transaction.

        The limits on waiting are those of a web request: here one waits for a chunk of another list, and
        compares between two statements.
        """
        with connection.cursor() as cursor:
            for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
                cursor.execute("SELECT set_config(%s, %s, true)", [limit, PATIENCE])
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])

    def search(self, rows: Mapping[int, Features], also: Mapping[int, UUID]) -> Found:
        """Whom the row at each place is like. `also`: members whom a row shares a phone or e-mail with."""
        row_keys = {place: match_keys(person) for place, person in rows.items()}
        blocks = members_in_blocks({key: kind for keys in row_keys.values() for key, kind in keys.items()})
        members = features_of_members({*also.values(), *(one for block in blocks.values() for one in block)})
        keys_of: dict[UUID | int, set[int]] = {place: set(keys) for place, keys in row_keys.items()}
        for key, block in blocks.items():
            for member_id in block:
                keys_of.setdefault(member_id, set()).add(key)
        names: list[UUID | int] = [*rows, *members]
        people = [*rows.values(), *members.values()]
        pairs = likely_pairs(
            people,
            blocks=[
                keys_of.get(name, set()) | _phone_block(person)
                for name, person in zip(names, people, strict=True)
            ],
            rows=len(rows),
            among=_members_about() + len(rows),
            above=self.ask_above,
        )
        return self._told(pairs, names, people, rows=len(rows))

    def _told(
        self, pairs: Sequence[Pair], names: Sequence[UUID | int], people: Sequence[Features], *, rows: int
    ) -> Found:
        """Places of `people` become rows and members; a row is told of members and of earlier rows."""

        def between(left: int, right: int) -> Veto | None:
            return veto(people[left], people[right], links_call_names=self.links_call_names)

        edges: list[Edge] = []
        alike: dict[int, list[Alike]] = {}
        for pair in pairs:
            if clearly_two(people[pair.left], people[pair.right]):
                continue
            earlier, later = sorted((pair.left, pair.right))
            row, to = (earlier, later) if later >= rows else (later, earlier)
            forbids = between(row, to)
            if forbids is None and pair.score >= self.link_above:
                edges.append(Edge(row, to, pair.bits))
            place, name = names[row], names[to]
            assert isinstance(place, int), "two members are never compared"
            told = name if isinstance(name, UUID) else UUID(int=0)
            alike.setdefault(place, []).append(Alike(name, Likeness(told, pair.score, pair.levels, forbids)))
        links: dict[int, UUID | int] = {}
        for group in groups(edges, veto_between=between, is_member=lambda place: place >= rows):
            first = max(group) if max(group) >= rows else min(group)
            links |= {
                place: names[first]
                for place in (names[one] for one in group if one != first)
                if isinstance(place, int)
            }
        return Found(links, alike)


def surviving(found: Found) -> Found:
    """The same with the survivor in the place of whoever was merged away: a person is asked about once."""
    named = {to for to in found.links.values() if isinstance(to, UUID)}
    named |= {alike.to for likes in found.alike.values() for alike in likes if isinstance(alike.to, UUID)}
    into = survivors_of(named) if named else {}
    links = {place: into[to] if isinstance(to, UUID) else to for place, to in found.links.items()}
    return Found(links, {place: _likest(likes, into) for place, likes in found.alike.items()})


def _likest(likes: Sequence[Alike], into: Mapping[UUID, UUID]) -> list[Alike]:
    """Of several ids of one person, the one that the row is most like."""
    best: dict[UUID | int, Alike] = {}
    for like in likes:
        to = into[like.to] if isinstance(like.to, UUID) else like.to
        if to not in best or like.likeness.score > best[to].likeness.score:
            member_id = to if isinstance(to, UUID) else like.likeness.member_id
            best[to] = Alike(to, replace(like.likeness, member_id=member_id))
    return list(best.values())


def matcher() -> Matcher | None:
    """What compares people here; None where Splink is not installed."""
    if find_spec("splink") is None or find_spec("duckdb") is None:
        return None
    return Matcher(
        link_above=settings.MATCH_LINK_ABOVE,
        ask_above=settings.MATCH_ASK_ABOVE,
        links_call_names=settings.MATCH_LINK_CALL_NAMES,
    )


def likely_pairs(
    people: Sequence[Features], *, blocks: Sequence[set[int]], rows: int, among: int, above: float
) -> list[Pair]:
    """Pairs that share a block and score at least `above`; the first `rows` of `people` are rows.

    `among`: how many people a row might be. Two who are not rows are never a pair.
    """
    if not rows:
        return []
    splink, duckdb = import_module("splink"), import_module("duckdb")
    with duckdb.connect(":memory:", config=dict(_DUCKDB)) as memory:
        memory.register("people", _as_table(people, blocks, rows))
        linker = splink.Linker(
            splink.DuckDBAPI(memory).register("people"), splink_settings(people=among), log_level="ERROR"
        )
        predicted = linker.inference.predict(threshold_match_probability=above)
        columns = ["unique_id_l", "unique_id_r", "match_probability", "match_weight"]
        columns += [f"gamma_{field}" for field in LEVELS]
        told: list[tuple[Any, ...]] = predicted.as_duckdbpyrelation().project(", ".join(columns)).fetchall()
    return [
        Pair(left, right, score, bits, dict(map(_level, LEVELS, gammas)))
        for left, right, score, bits, *gammas in told
    ]


def _level(field: str, gamma: int) -> tuple[str, str]:
    return field, level_of(field, gamma)


def _phone_block(person: Features) -> set[int]:
    """Those who share a phone are compared too, to tell how else they agree."""
    return {int(person.phone[:15], 16)} if person.phone else set()


def _as_table(people: Sequence[Features], blocks: Sequence[set[int]], rows: int) -> pa.Table:
    return pa.table(
        {
            "unique_id": list(range(len(people))),
            "is_row": [place < rows for place in range(len(people))],
            "birth_date": [f"{one.birth_date:%Y%m%d}" if one.birth_date else "" for one in people],
            "keys": pa.array([sorted(keys) for keys in blocks], pa.list_(pa.int64())),
            **{name: [getattr(one, name) for one in people] for name in _TEXTS},
            **{
                name: pa.array([list(getattr(one, name)) for one in people], pa.list_(pa.string()))
                for name in _LISTS
            },
        }
    )


def _members_about() -> int:
    """How many members there are: counted while they are few, then as the planner estimates."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM (SELECT FROM members_member LIMIT %s) AS few), reltuples"
            " FROM pg_class WHERE oid = 'members_member'::regclass",
            [COUNTED_MAX],
        )
        counted, estimate = cursor.fetchone()
    return int(counted if counted < COUNTED_MAX else max(counted, estimate))
