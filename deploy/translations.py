"""Compiles locale/*/LC_MESSAGES/*.po to .mo without gettext's own programs; `--check` says which are stale.

The .mo files are committed, so that a fresh clone speaks Chinese with nothing installed.
"""

import io
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PROJECT = Path(__file__).resolve().parent.parent


def compiled(source: Path) -> bytes:
    """The .mo of `source`. Fuzzy and empty messages are left out, as msgfmt does."""
    with source.open("rb") as reading:
        catalogue = read_po(reading, locale=source.parent.parent.name)
    result = io.BytesIO()
    write_mo(result, catalogue)
    return result.getvalue()


def main(*, check_only: bool) -> int:
    """Returns 1 if a check found a stale file."""
    stale = []
    for source in sorted(PROJECT.glob("locale/*/LC_MESSAGES/*.po")):
        target, content = source.with_suffix(".mo"), compiled(source)
        if not target.exists() or target.read_bytes() != content:
            stale.append(target.relative_to(PROJECT))
            if not check_only:
                target.write_bytes(content)
    for target in stale:
        sys.stdout.write(f"{'stale' if check_only else 'written'}: {target}\n")
    return 1 if check_only and stale else 0


if __name__ == "__main__":
    sys.exit(main(check_only="--check" in sys.argv[1:]))
