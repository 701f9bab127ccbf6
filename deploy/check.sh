#!/usr/bin/env bash
# All checks, quick ones first. The first that fails ends it.
set -euo pipefail
cd "$(dirname "$0")/.."
py=.venv/bin/python

step() {
    local started=$SECONDS name=$1
    shift
    if ! "$@" >build/check.log 2>&1; then
        cat build/check.log
        echo "check failed: $name" >&2
        exit 1
    fi
    printf '%-34s %3d s\n' "$name" $((SECONDS - started))
}

mkdir -p build
step "style (ruff check)" $py -m ruff check .
step "format (ruff format)" $py -m ruff format --check .
step "floors (import-linter)" .venv/bin/lint-imports
step "translations are compiled" $py deploy/translations.py --check
step "types (mypy)" $py -m mypy .
step "migrations are complete" $py manage.py makemigrations --check --dry-run
step "system checks" $py manage.py check --fail-level WARNING
