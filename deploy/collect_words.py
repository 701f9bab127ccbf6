"""Collects every message of the project, and of packages without Chinese, into locale/*/LC_MESSAGES.

What Django itself translates is left to it. Translations that are there stay; messages that are gone go.
`--check` writes nothing and says which messages have no Chinese. Needs no gettext programs.
"""

import argparse
import ast
import importlib.util
import io
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

PROJECT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = (
    "common", "units", "members", "points", "activities", "benefits", "parking", "loyalty", "templates",
)  # fmt: skip
# Their screens are ours, and they have no Chinese of their own, or only a part.
FOREIGN: Final = ("unfold", "django_celery_beat")
LANGUAGES: Final = ("zh_Hans", "en")
# English is written in the code: its catalogue holds only what English must say otherwise.
TRANSLATED: Final = "zh_Hans"
_KEYWORDS: Final = (
    "_", "text", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy", "pgettext",
    "pgettext_lazy",
)  # fmt: skip
_LITERAL: Final = r"""u?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
_STRING: Final = re.compile(_LITERAL, re.DOTALL)
_CALL: Final = re.compile(rf"\b(n?p?gettext|_)\(((?:{_LITERAL}\s*,?\s*)+)", re.DOTALL)
# A real date would change the file each time.
_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)
_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
MessageKey = tuple[str | None, str]


def collected() -> dict[MessageKey, tuple[str | tuple[str, str], str]]:
    """Every message by context and singular: its id, and the file that has it."""
    known = _translated_by("django")
    own = {name: _translated_by(name) for name in FOREIGN}
    found: dict[MessageKey, tuple[str | tuple[str, str], str]] = {}
    for name, folder in _folders():
        for source in sorted([*folder.rglob("*.py"), *folder.rglob("*.html"), *folder.rglob("*.txt")]):
            parts = source.relative_to(folder).parts
            # Of unfold's add-ons only the filters are installed.
            if "migrations" in parts or (parts[0] == "contrib" and parts[1] != "filters"):
                continue
            place = f"{name}/{source.relative_to(folder)}"
            for context, message in _messages(source):
                singular = message if isinstance(message, str) else message[0]
                in_chinese = known | own.get(name, set())
                if singular and (context, singular) not in in_chinese:
                    found.setdefault((context, singular), (message, place))
    return found


def catalogue_path(language: str) -> Path:
    """Where the catalogue of `language` is kept."""
    return PROJECT / "locale" / language / "LC_MESSAGES" / "django.po"


def main(*, check_only: bool) -> int:
    """Returns 1 if a check found a message without Chinese."""
    found = collected()
    missing: list[str] = []
    for language in LANGUAGES:
        path = catalogue_path(language)
        old = _read(path, language)
        new = Catalog(
            locale=language,
            project="loyalty",
            version="1",
            header_comment="# Collected by deploy/collect_words.py, compiled by deploy/translations.py.",
            last_translator="the maintainers",
            language_team="the maintainers",
            msgid_bugs_address="none",
            charset="utf-8",
            fuzzy=False,
            creation_date=_NO_DATE,
            revision_date=_NO_DATE,
        )
        for (context, singular), (message, place) in sorted(found.items(), key=lambda item: item[1][1]):
            before = old.get(singular, context)
            said = before.string if before is not None and _same_shape(before, message) else ""
            if language == TRANSLATED or said:
                flags = ["python-format"] if "%(" in singular else []
                new.add(message, said, locations=[(place, 0)], flags=flags, context=context)
            if language == TRANSLATED and not _is_said(said):
                missing.append(f"{place}: {singular!r}")
        if not check_only:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = io.BytesIO()
            write_po(content, new, width=110, include_lineno=False, omit_header=False)
            path.write_bytes(content.getvalue())
    for line in missing:
        sys.stdout.write(f"no Chinese: {line}\n")
    return 1 if check_only and missing else 0


def _folders() -> Iterator[tuple[str, Path]]:
    for name in PACKAGES:
        yield name, PROJECT / name
    for name in FOREIGN:
        yield name, _folder_of(name)


def _folder_of(package: str) -> Path:
    specification = importlib.util.find_spec(package)
    if specification is None or specification.origin is None:
        raise ModuleNotFoundError(f"{package} is not installed")
    return Path(specification.origin).parent


def _messages(source: Path) -> Iterator[tuple[str | None, str | tuple[str, str]]]:
    """(context, message) of one file; a message with a plural is a pair."""
    text = source.read_text()
    if source.suffix == ".py":
        for _line, function, told, _comments in extract_python(
            io.BytesIO(text.encode()), dict.fromkeys(_KEYWORDS), (), {"encoding": "utf-8"}
        ):
            # Babel tells one argument as a text and several as a tuple.
            parts: Any = told or ()
            yield from _message(str(function), [parts] if isinstance(parts, str) else list(parts))
        yield from _inside_f_strings(text)
        return
    # Not quite Python: calls of gettext in a row of filling.
    calls = templatize(text, origin=str(source))
    for call in _CALL.finditer(calls):
        yield from _message(call[1], [ast.literal_eval(part) for part in _STRING.findall(call[2])])


def _inside_f_strings(text: str) -> Iterator[tuple[str | None, str | tuple[str, str]]]:
    """Babel reads tokens, and to Python before 3.12 an f-string is one."""
    for whole in (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.JoinedStr)):
        for call in (node for node in ast.walk(whole) if isinstance(node, ast.Call)):
            function = call.func.id if isinstance(call.func, ast.Name) else ""
            if function in _KEYWORDS:
                parts = [part.value if isinstance(part, ast.Constant) else None for part in call.args]
                yield from _message(function, [part if isinstance(part, str) else None for part in parts])


def _message(function: str, parts: list[str | None]) -> Iterator[tuple[str | None, str | tuple[str, str]]]:
    context = parts.pop(0) if "pgettext" in function else None
    first, second = [*parts, None, None][:2]
    if isinstance(first, str):
        yield context, (first, second) if "ngettext" in function and isinstance(second, str) else first


def _translated_by(package: str) -> set[MessageKey]:
    """What the package's own Chinese catalogues say."""
    known: set[MessageKey] = set()
    for path in _folder_of(package).rglob("zh_Hans/LC_MESSAGES/django.mo"):
        with path.open("rb") as reading:
            for message in read_mo(reading):
                singular = message.id if isinstance(message.id, str) else message.id[0]
                if _CHINESE.search(str(message.string)):
                    known.add((message.context, singular))
    return known


def _read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as reading:
        return read_po(reading, locale=language)


def _is_said(said: str | Iterable[str] | None) -> bool:
    return bool(said) and all([said] if isinstance(said, str) else said or ())


def _same_shape(before: Message, message: str | tuple[str, str]) -> bool:
    return isinstance(before.id, str) == isinstance(message, str)


if __name__ == "__main__":
    settings.configure()
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--check", action="store_true")
    sys.exit(main(check_only=reader.parse_args().check))
