"""Bring everything that is encrypted to the newest key of FIELD_KEYS, while the house is open."""

from typing import Any

from django.core.management.base import BaseCommand

from members.services.rotating import CHUNK_ROWS, ring_census, rotate_keys
from members.vault import newest_key_id


class Command(BaseCommand):
    """See docs/privacy.md, "Turning the key ring"."""

    help = __doc__

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--chunk-rows", type=int, default=CHUNK_ROWS, help="rows of one transaction")
        parser.add_argument("--census", action="store_true", help="only say what hangs on which key")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["census"]:
            rotated = rotate_keys(
                chunk_rows=max(1, options["chunk_rows"]),
                on_progress=lambda done: self.stderr.write(f"{done} …"),
            )
            self.stdout.write(f"keys wrapped anew: {rotated.keys}\nfields closed anew: {rotated.fields}")
        newest = newest_key_id().hex()
        for key_id, count in sorted(ring_census().items()):
            self.stdout.write(f"{key_id}{' (newest)' if key_id == newest else ''}: {count}")
        self.stdout.write("A key of FIELD_KEYS that is not named here may leave the ring.")
