"""Who is who: precision and recall on public records with true labels, and a list against a large membership.

Each set is imported by the product's own command into a database of its own. The membership is made up:
families of three at one address, common Chinese names; of the list a third is known, half of them by likeness
only.
"""

import csv
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.place import manage
from tests.bench.run import Run
from tests.linkage_data import SETS, Quality, is_there, measured, write_list

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高"
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国文斌宇浩凯健俊帆雪婷慧玲晨曦思雨子涵梓轩一诺"
)
DISTRICTS = ("浦东新区", "黄浦区", "徐汇区", "静安区", "长宁区", "普陀区")
ROADS = ("世纪大道", "人民路", "中山路", "解放路", "建设路", "长江路", "复兴路", "和平路")
COLUMNS = ("legacy_card", "name", "phone", "birth_date", "address")
# Members and rows by scale: BENCH_SCALE=full is the goal's own size.
SIZES = {"smoke": (300, 100), "default": (20_000, 5_000), "full": (1_000_000, 100_000)}
UNIT = (
    "from units.models import BusinessUnit as U;"
    "[U.objects.create(code=c, sector='mall', name_zh=c, name_en=c) for c in ('OLD', 'NEW')]"
)


LOOK_UPS = 2_000
# The product's own look-ups; counted is the time of their statements.
_LOOKING = """
import json, time
from django.db import connection
from members.models import Identity
from members.selectors import members as selectors
from units.models import BusinessUnit
unit = BusinessUnit.objects.get(code='OLD')
spent = []
def clocked(execute, *asked):
    began = time.perf_counter()
    try:
        return execute(*asked)
    finally:
        spent[-1] += time.perf_counter() - began
def p99(look, values):
    for value in values[:50]:
        look(value)
    spent.clear()
    with connection.execute_wrapper(clocked):
        for value in values:
            spent.append(0.0)
            look(value)
    return sorted(spent)[int(len(spent) * 0.99)] * 1000
cards, phones = zip(*json.loads(PEOPLE))
held = Identity.objects.filter(kind='plate').order_by('blind_index').values_list('blind_index', flat=True)
plates = [bytes(index) for index in held[:len(cards)]]
def by_plate(index):
    return selectors._one(selectors._by_index({index}, kind='plate'))
print(json.dumps({
    'phone': p99(selectors.member_by_phone, phones),
    'card': p99(lambda card: selectors.member_by_card(unit=unit, card=card), cards),
    'plate': p99(by_plate, plates),
}))
"""


def measure(run: Run) -> None:
    """Quality on each set that is there, then the seconds and the memory of a list."""
    if find_spec("splink") is None:
        run.skipped.append("matching: Splink is not installed (requirements-matching.txt)")
        return
    told = {}
    # How well it finds people has tests of its own; a smoke only sees that a list is imported.
    for name in () if run.scale.name == "smoke" else SETS:
        if not is_there(name):
            run.skipped.append(f"matching: the shared data has no {name} (LOYALTY_SHARED_DATA)")
            continue
        told[name] = _quality_of(run, name)
        if name.startswith("febrl"):
            told[f"{name}, call names linked"] = _quality_of(run, name, call_names=True)
    _show(told)
    _scale(run)


def _quality_of(run: Run, name: str, *, call_names: bool = False) -> tuple[Quality, Quality]:
    """As delivered, or where a group lets Western given names that differ be linked (docs/imports.md)."""
    told = f"{name}_call_names" if call_names else name
    environment = _database(run, f"matching_{told}") | {"MATCH_LINK_CALL_NAMES": str(call_names)}
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-matching-") as folder:
        truth = write_list(name, Path(folder) / f"{name}.csv")
        manage(environment, "import_members", str(Path(folder) / f"{name}.csv"), "--unit", "OLD")
    with run.place.admin(f"matching_{told}") as link, link.cursor() as cursor:
        cursor.execute("SELECT legacy_card, member_id FROM members_enrolment")
        member_of = dict(cursor.fetchall())
        cursor.execute("SELECT member_id, other_id FROM members_matchcandidate")
        links, candidates = measured(truth, member_of, cursor.fetchall())
    run.record(
        "matching",
        **{
            f"{told}_{what}_{figure}": getattr(quality, figure)
            for what, quality in (("links", links), ("candidates", candidates))
            for figure in ("precision", "recall", "f1")
        },
    )
    return links, candidates


def _scale(run: Run) -> None:
    """Import the membership, then the list; the second is measured."""
    members, rows = SIZES[run.scale.name]
    environment = _database(run, "matching_scale")
    with tempfile.TemporaryDirectory(prefix="loyalty-bench-matching-") as folder:
        seconds = {}
        # Start-up of the command is not counted: the seconds of a file with one row are taken off.
        for name, unit, lines in (
            ("members", "OLD", _members(members)),
            ("one", "NEW", islice(_list(members, 1), 1)),
            ("list", "NEW", _list(members, rows)),
        ):
            file = Path(folder) / f"{name}.csv"
            _write(file, lines)
            began = time.perf_counter()
            answer = manage(environment, "import_members", str(file), "--unit", unit, "--json")
            seconds[name] = time.perf_counter() - began
    counts = json.loads(answer.splitlines()[-1])["counts"]
    run.record(
        "matching",
        members=members,
        rows=rows,
        members_s=seconds["members"],
        list_s=seconds["list"],
        s_per_100k_rows=(seconds["list"] - seconds["one"]) / rows * 100_000,
        # Of the largest process this one ever waited for.
        memory_gib=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20,
        **{f"rows_{word}": count for word, count in counts.items()},
    )
    _look_ups(run, environment, members)


def _look_ups(run: Run, environment: dict[str, str], members: int) -> None:
    """Who is at the till: by phone, card and plate, as the database takes it. Every member has a plate."""
    run.place.run("matching_scale", "plates.sql")
    run.place.settle("matching_scale")
    asked = random.Random(members).sample(range(members), min(members, LOOK_UPS))
    people = json.dumps([(card, phone) for card, _name, phone, *_rest in map(_person, asked)])
    told = json.loads(manage(environment, "shell", "-c", f"PEOPLE = {people!r}\n{_LOOKING}").splitlines()[-1])
    run.record("matching", **{f"{way}_p99_ms": figure for way, figure in told.items()})


def _database(run: Run, name: str) -> dict[str, str]:
    run.place.create(name)
    environment = run.place.environment(name, "loyalty.settings")
    manage(environment, "shell", "-c", UNIT)
    return environment


def _members(count: int) -> Iterator[tuple[str, str, str, str, str]]:
    """People 0 … count − 1: always the same."""
    return (_person(number) for number in range(count))


def _list(members: int, rows: int) -> Iterator[tuple[str, str, str, str, str]]:
    """A sixth by the phone they have, a sixth without a phone, the rest nobody known."""
    for row in range(rows):
        card, name, phone, born, address = _person(row * 7 % members if row % 3 == 0 else members + row)
        yield (f"N{card}", name, phone if row % 2 else "", born, address)


def _person(number: int) -> tuple[str, str, str, str, str]:
    own, home = random.Random(number), random.Random(-1 - number // 3)
    surname = home.choice(SURNAMES)
    given = "".join(own.choices(GIVEN, k=own.choice((1, 2, 2, 2))))
    born = date(1950, 1, 1) + timedelta(days=own.randrange(20_000))
    address = (
        f"上海市{home.choice(DISTRICTS)}{home.choice(ROADS)}{home.randrange(1, 2_000)}弄"
        f"{home.randrange(1, 60)}号{home.randrange(1, 33)}0{home.randrange(1, 5)}室"
    )
    return f"{number:08d}", surname + given, f"199{number:08d}", born.isoformat(), address


def _write(file: Path, lines: Iterator[tuple[str, ...]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        rows = csv.writer(out)
        rows.writerow(COLUMNS)
        rows.writerows(lines)


def _show(told: dict[str, tuple[Quality, Quality]]) -> None:
    table = Table(title="Who is who: pairs of records, without the national id", title_justify="left")
    for name in ("set", "", "precision", "recall", "F1"):
        table.add_column(name, justify="left" if name in ("set", "") else "right")
    for name, qualities in told.items():
        for what, quality in zip(("linked", "linked or asked"), qualities, strict=True):
            table.add_row(name, what, *(f"{v:.4f}" for v in (quality.precision, quality.recall, quality.f1)))
    Console(width=100).print(table)
