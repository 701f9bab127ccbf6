#!/usr/bin/env bash
# The environment: .venv with requirements-dev.txt, by uv where it can be had, else by pip.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
    local candidate
    for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python; do
        if "$candidate" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "error: no python3 from 3.11 to 3.13 found; name one with PYTHON=/path/to/python3." >&2
    return 1
}

working() { .venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

if ! working; then
    python="$(find_python)"
    rm -rf .venv
    # Debian splits ensurepip into python3-venv; without it uv (if there is one) still makes an environment.
    if ! "$python" -m venv .venv 2>.venv.log; then
        rm -rf .venv
        if command -v uv >/dev/null; then
            uv venv --quiet --python "$python" --seed .venv
        elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq && apt-get install -qq -y python3-venv >/dev/null
            "$python" -m venv .venv
        else
            cat .venv.log >&2
            echo "error: this python3 cannot make environments: install its venv package (Debian: python3-venv)." >&2
            exit 1
        fi
    fi
    rm -f .venv.log
fi

by_uv() {
    .venv/bin/python -m uv --version >/dev/null 2>&1 ||
        .venv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9 2>/dev/null || return 1
    .venv/bin/python -m uv pip install --quiet --python .venv/bin/python -r requirements-dev.txt
}

# Where a proxy signs for the package index, pip may trust it and uv not.
if ! by_uv; then
    echo "uv cannot be used; pip takes a little longer" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
fi
