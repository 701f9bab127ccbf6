"""`manage.py export_journal`: the whole journal as JSON lines, in one consistent snapshot."""

import contextlib
import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from points.selectors.journal import journal_lines


class Command(BaseCommand):
    help = "Write every posting, entry, lot, draw and wallet as JSON lines, in one consistent snapshot."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--out", type=Path, help="a file instead of standard output")

    def handle(self, *_args: Any, out: Path | None = None, **_options: Any) -> None:
        try:
            with _whole_file(out) if out else contextlib.nullcontext(self.stdout) as target:
                lines = 0
                for batch in journal_lines():
                    target.write("".join(f"{line}\n" for line in batch))
                    lines += len(batch)
        except BrokenPipeError:
            # The reader (such as head) has had enough; Python must not write its last words into the pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as error:
            raise CommandError(f"cannot write the journal: {error}") from error
        self.stderr.write(f"{lines} lines")


@contextlib.contextmanager
def _whole_file(path: Path) -> Iterator[IO[str]]:
    """`path`, written beside and renamed when it is whole: half a journal never bears its name."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
