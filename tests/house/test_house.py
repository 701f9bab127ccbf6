"""The rules of the house that no linter knows: sizes, first lines, clocks, signals, hidden imports."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("common", "units", "members", "points", "activities", "benefits", "parking", "loyalty")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COMMON_FILES_MAX = 10


def sources(*folders):
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts
    )


PRODUCT = sources(*PACKAGES)
EVERYTHING = [*PRODUCT, *sources("tests", "tools"), ROOT / "manage.py"]


def name_of(path):
    return str(path.relative_to(ROOT))


@cache
def text_of(path):
    return path.read_text(encoding="utf-8")


@cache
def nodes_of(path):
    return tuple(ast.walk(ast.parse(text_of(path))))


def lines_that(paths, wrong):
    """file:line of every node of `paths` that is `wrong`: the list to mend."""
    return [f"{name_of(path)}:{node.lineno}" for path in paths for node in nodes_of(path) if wrong(node)]


def is_function(node):
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def test_a_file_tells_one_thing():
    assert [name_of(p) for p in EVERYTHING if len(text_of(p).splitlines()) > FILE_LINES_MAX] == []


def test_a_function_fits_a_screen():
    def long(node):
        return is_function(node) and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX

    assert lines_that(EVERYTHING, long) == []


def test_a_file_says_what_it_is_on_its_first_line():
    assert [
        name_of(p) for p in EVERYTHING if text_of(p).strip() and not ast.get_docstring(nodes_of(p)[0])
    ] == []


def test_no_import_hides_in_a_function():
    def hides(node):
        return is_function(node) and any(
            isinstance(inner, ast.Import | ast.ImportFrom) for inner in ast.walk(node)
        )

    # Django runs ready() when models may be imported, not before: the one place for it.
    assert lines_that([p for p in PRODUCT if p.name != "apps.py"], hides) == []


CLOCKS = re.compile(r"\b(datetime\.now|datetime\.utcnow|timezone\.now|date\.today|time\.time)\(")
# The doors read the clock from common/clock.py; engines run before Django and time processes, not business.
CLOCK_MAY_BE_READ_IN = ("common/clock.py", "loyalty/engines/", "loyalty/checks.py")


def test_no_clock_below_the_doors():
    others = [p for p in PRODUCT if not name_of(p).startswith(CLOCK_MAY_BE_READ_IN)]

    assert [name_of(p) for p in others if CLOCKS.search(text_of(p))] == []


def test_services_rules_and_selectors_take_time_as_an_argument():
    rooms = {"services", "rules", "models", "selectors"}
    inner = [p for p in PRODUCT if rooms & set(p.relative_to(ROOT).parts)]

    assert inner
    assert [name_of(p) for p in inner if "common.clock import now" in text_of(p)] == []


def test_no_signals_and_no_save_overrides():
    def signals(node):
        return isinstance(node, ast.Name) and node.id == "receiver"

    def saves(node):
        return is_function(node) and node.name == "save"

    assert lines_that(PRODUCT, signals) == []
    assert lines_that([p for p in PRODUCT if "models" in p.parts], saves) == []


def test_nothing_is_swallowed():
    def swallows(node):
        if not isinstance(node, ast.ExceptHandler):
            return False
        silent = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
        broad = isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
        inside = list(ast.walk(node))
        reraised = any(isinstance(inner, ast.Raise) for inner in inside)
        logged = any(
            isinstance(inner, ast.Attribute) and inner.attr in {"exception", "critical"} for inner in inside
        )
        return node.type is None or silent or (broad and not reraised and not logged)

    assert lines_that(EVERYTHING, swallows) == []


def test_common_stays_small():
    files = [p for p in (ROOT / "common").glob("*.py") if p.name not in {"__init__.py", "apps.py"}]

    assert len(files) <= COMMON_FILES_MAX


def test_every_sql_file_states_its_invariant_first():
    files = sorted(ROOT.glob("*/sql/*.sql"))

    assert files
    assert [name_of(f) for f in files if not f.read_text(encoding="utf-8").startswith("-- Invariant: ")] == []


def test_every_sql_file_is_run_by_a_migration():
    migrations = "".join(p.read_text(encoding="utf-8") for p in ROOT.glob("*/migrations/*.py"))

    assert [name_of(f) for f in ROOT.glob("*/sql/*.sql") if f'"{f.stem}"' not in migrations] == []


def test_only_the_ledger_calls_the_kernel():
    kernel = "".join(p.read_text(encoding="utf-8") for p in ROOT.glob("points/sql/*.sql"))
    functions = set(re.findall(r"FUNCTION (points_\w+)\(", kernel))
    # The audit digests what it reads with the kernel's own words; these read and write nothing.
    functions = {name for name in functions if not name.endswith(("_text", "_digest"))}
    called = re.compile(rf"\b(?:{'|'.join(sorted(functions))})\(")
    callers = {name_of(p) for p in PRODUCT if called.search(p.read_text(encoding="utf-8"))}

    assert "points_accrue" in functions
    assert {name for name in callers if not name.startswith("points/ledger/")} == set()


def test_no_model_orders_by_default():
    wrong = [
        name_of(path)
        for path in sources(*PACKAGES)
        if "models" in path.parts
        and re.search(r"^\s+ordering = ", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]

    assert not wrong


PIN = re.compile(r"^[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[A-Za-z0-9.]+ +# \S")


@pytest.mark.parametrize("name", [f"requirements{part}.txt" for part in ("", "-demo", "-dev", "-matching")])
def test_every_requirement_is_pinned_and_has_its_reason(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wrong = [ln for ln in lines if ln and not ln.startswith(("#", "-r ")) and not PIN.match(ln)]

    assert not wrong
