#!/usr/bin/env python
"""Django's command line, on the embedded engines unless the environment names others."""

import os
import sys
from contextlib import nullcontext

from django.core.management import execute_from_command_line

from loyalty.engines import EngineError, engines, given
from loyalty.schema import ensure_schema

# They bring their own server, or need none.
WITHOUT_ENGINES = frozenset({"provision_database", "collectstatic", "compilemessages", "makemessages"})


def main() -> int:
    """Run one management command. Returns the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        is_private = given("DATABASE_URL") is None
        with nullcontext() if command in WITHOUT_ENGINES else engines():
            ensure_schema(command, is_private=is_private)
            execute_from_command_line(sys.argv)
    except EngineError as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130  # what a shell expects of Ctrl-C
    return 0


if __name__ == "__main__":
    sys.exit(main())
