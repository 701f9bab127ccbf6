"""Seals as files outside the database, in LEDGER_SEAL_DIR: a JSON file each, written whole or not at all."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from points.models import Seal

_NAME = re.compile(r"seal-(\d{6,})\.json")


def file_of(number: int) -> Path:
    """Where the seal of that number is kept."""
    return Path(settings.LEDGER_SEAL_DIR) / f"seal-{number:06d}.json"


def as_file(seal: Seal) -> dict[str, Any]:
    """What the file of `seal` says."""
    return seal.content.as_json() | {
        "digest": bytes(seal.digest).hex(),
        "signature": bytes(seal.signature).hex(),
    }


def kept_numbers() -> set[int]:
    """The numbers of the seals that have a file."""
    folder = Path(settings.LEDGER_SEAL_DIR)
    if not folder.is_dir():
        return set()
    return {int(match[1]) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))}


def read(number: int) -> Mapping[str, Any] | None:
    """What the file says; None: it is no JSON object, so somebody spoilt it.

    :raises FileNotFoundError: there is none
    """
    try:
        said = json.loads(file_of(number).read_text(encoding="utf-8"))
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def write(seal: Seal) -> None:
    """Keep `seal`: written beside its place first, flushed to the disk, then renamed."""
    path = file_of(seal.number)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as target:
            json.dump(as_file(seal), target, sort_keys=True, indent=1)
            target.write("\n")
            target.flush()
            os.fsync(target.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    # The name, too, must outlive a power cut.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
