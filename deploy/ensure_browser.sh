#!/usr/bin/env bash
# Debian's Chromium for tests/browser. Where it cannot be installed, those tests skip and say so.
set -euo pipefail
cd "$(dirname "$0")/.."

[ -d tests/browser ] || exit 0
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing chromium for tests/browser"
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        chromium fonts-noto-cjk) >/dev/null 2>&1 || echo "chromium cannot be installed: tests/browser will skip"
else
    echo "no chromium, and no right to install it: tests/browser will skip"
fi
