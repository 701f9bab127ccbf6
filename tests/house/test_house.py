"""The rules of the house that no linter knows: sizes, first lines, clocks, signals, hidden imports."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("common", "units", "members", "points", "activities", "loyalty")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
COMMON_FILES_MAX = 10


def sources(*folders):
    return sorted(
        path for folder in folders for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts
    )


PRODUCT = sources(*PACKAGES)
EVERYTHING = [*PRODUCT, *sources("tests"), ROOT / "manage.py"]


def name_of(path):
    return str(path.relative_to(ROOT))


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def lines_that(path, wrong):
    return [f"{name_of(path)}:{node.lineno}" for node in ast.walk(tree_of(path)) if wrong(node)]


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_a_file_tells_one_thing(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES_MAX


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_a_function_fits_a_screen(path):
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(tree_of(path))
        if isinstance(node, functions) and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]

    assert not long


@pytest.mark.parametrize(
    "path", [p for p in EVERYTHING if p.read_text(encoding="utf-8").strip()], ids=name_of
)
def test_a_file_says_what_it_is_on_its_first_line(path):
    assert ast.get_docstring(tree_of(path)), "the first line is a docstring that a newcomer could read aloud"


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_import_hides_in_a_function(path):
    hidden = [
        f"{name_of(path)}:{inner.lineno}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    ]

    # Django runs ready() when models may be imported, not before: the one place for it.
    assert not hidden or path.name == "apps.py"


CLOCKS = re.compile(r"\b(datetime\.now|datetime\.utcnow|timezone\.now|date\.today|time\.time)\(")
# The doors read the clock from common/clock.py; engines run before Django and time processes, not business.
CLOCK_MAY_BE_READ_IN = ("common/clock.py", "loyalty/engines/", "loyalty/checks.py")


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_clock_below_the_doors(path):
    if name_of(path).startswith(CLOCK_MAY_BE_READ_IN):
        return

    assert not CLOCKS.search(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "path", [p for p in PRODUCT if {"services", "rules", "models", "selectors"} & set(p.parts)], ids=name_of
)
def test_services_rules_and_selectors_take_time_as_an_argument(path):
    assert "common.clock import now" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", PRODUCT, ids=name_of)
def test_no_signals_and_no_save_overrides(path):
    def wrong(node):
        return (isinstance(node, ast.FunctionDef) and node.name == "save" and "models" in path.parts) or (
            isinstance(node, ast.Name) and node.id == "receiver"
        )

    assert not lines_that(path, wrong)


@pytest.mark.parametrize("path", EVERYTHING, ids=name_of)
def test_nothing_is_swallowed(path):
    def wrong(node):
        if not isinstance(node, ast.ExceptHandler):
            return False
        bare = node.type is None
        silent = len(node.body) == 1 and isinstance(node.body[0], ast.Pass)
        broad = isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
        reraised = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
        logged = any(
            isinstance(inner, ast.Attribute) and inner.attr in {"exception", "critical"}
            for inner in ast.walk(node)
        )
        return bare or silent or (broad and not reraised and not logged)

    assert not lines_that(path, wrong)


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

    assert callers <= {"points/ledger.py"}


def test_no_model_orders_by_default():
    wrong = [
        name_of(path)
        for path in sources(*PACKAGES)
        if "models" in path.parts
        and re.search(r"^\s+ordering = ", path.read_text(encoding="utf-8"), re.MULTILINE)
    ]

    assert not wrong


PIN = re.compile(r"^[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[A-Za-z0-9.]+ +# \S")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-demo.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_and_has_its_reason(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wrong = [ln for ln in lines if ln and not ln.startswith(("#", "-r ")) and not PIN.match(ln)]

    assert not wrong
