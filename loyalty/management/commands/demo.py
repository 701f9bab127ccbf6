"""`manage.py demo`: a year of real shopping becomes points, is spent, expires, adds up; then the site."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import translation
from django.utils.translation import gettext as _
from rich.console import Console

from common.clock import now
from loyalty.demo.shopping import PACKAGE, ShoppingDataMissing
from loyalty.demo.sign_in import sign_in
from loyalty.demo.story import NotOurDatabase, RowsRejected, Story
from loyalty.demo.words import language_of, overview_table, say_books, say_chapter, say_where
from loyalty.engines.places import local_folder
from loyalty.engines.supervisor import clear_the_way, port, prepare, serve


class Command(BaseCommand):
    """Goes on with what is there. Ctrl-C stops everything; `make demo-reset` starts over."""

    help = "Tell the demo's story on this database, print what happened, and serve the site until Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--households", type=int, help="only so many of the 2,469 households")
        parser.add_argument("--no-serve", action="store_true", help="tell the story and end")

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("The demo makes up people and points: it does not run in production.")
        folder = local_folder() / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        with translation.override(language_of(os.environ)), _only_one(folder):
            if not options["no_serve"]:
                clear_the_way()
            try:
                self._run(folder, options)
            except KeyboardInterrupt as stop:
                raise CommandError(_("Stopped. `make demo` goes on from here."), returncode=130) from stop

    def _run(self, folder: Path, options: Mapping[str, Any]) -> None:
        console = Console(file=self.stdout, force_terminal=self.stdout.isatty() or None)  # type: ignore[arg-type]  # Django wraps the stream
        url = f"http://{os.environ.get('BIND') or '127.0.0.1'}:{port()}/"
        began = monotonic()
        prepare()
        at = now()
        overview = _story(folder, at=at, households=options["households"], console=console).tell()
        console.print(overview_table(overview))
        say_books(console, overview)
        access = sign_in(folder / "sign_in.json", at=at)
        say_where(console, access, url=url)
        console.print(_("Told in %(seconds).0f s.") % {"seconds": monotonic() - began})
        connections.close_all()
        if not options["no_serve"]:
            serve(
                on_ready=lambda: console.print(_("Ready: %(url)s (Ctrl-C stops everything)") % {"url": url})
            )


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Two demos would tell the same chapter. The kernel frees the lock, whatever ends us."""
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise CommandError(_("Another demo is running in this folder.")) from taken
        yield


class _Teller(Story):
    """A story whose refusals are sentences for the terminal."""

    def tell(self) -> Any:
        try:
            return super().tell()
        except NotOurDatabase as theirs:
            raise CommandError(
                _("This database holds data that is not the demo's: use an empty one.")
            ) from theirs
        except ShoppingDataMissing as missing:
            raise CommandError(
                _("The package %(name)s is missing: `make setup` installs it.") % {"name": PACKAGE}
            ) from missing
        except RowsRejected as rejected:
            raise CommandError(_("Rows were rejected; %(file)s says why.") % {"file": rejected}) from rejected


def _story(folder: Path, *, at: Any, households: int | None, console: Console) -> Story:
    def show(name: str, outcome: Mapping[str, Any], was_told: bool) -> None:  # noqa: FBT001 -- the story's callback
        say_chapter(console, name, outcome, was_told=was_told)

    return _Teller(folder=folder, at=at, households=households, show=show)
