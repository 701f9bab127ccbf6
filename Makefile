# Every target works in a fresh clone with nothing but python3 (3.11 to 3.13), make and git.
# `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
# Each command starts several processes of Python: compiling the libraries anew takes each some five seconds.
export PYTHONDONTWRITEBYTECODE :=
READY := .venv/ready
# Type checkers and linters read the settings without a database.
TEST_ARGS ?=

.PHONY: help setup demo demo-reset test tests check format bench crucible planted up down browser

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(READY) ## the environment in .venv, made or brought up to date

$(READY): deploy/setup_environment.sh requirements.txt requirements-demo.txt requirements-dev.txt requirements-matching.txt
	@bash deploy/setup_environment.sh
	@touch $@

demo: $(READY) ## a year of real shopping: import, points, expiry, audit, then the site until Ctrl-C
	@exec $(PY) manage.py demo

demo-reset: $(READY) ## forget the demo: remove the embedded engines' data
	@$(PY) -m loyalty.engines reset

test: check tests ## all checks and all tests

tests: $(READY) browser
	@$(PY) -m pytest -n 2 --dist worksteal --durations 10 $(TEST_ARGS)

check: $(READY) ## style, types, floors, migrations, contracts
	@bash deploy/check.sh

format: $(READY) ## write the style
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

bench: $(READY) ## measure; writes build/bench.json
	@$(PY) -m tests.bench

crucible: $(READY) ## try to break the ledger: random operations, killed servers (OPS, KILLS, PROCESSES, SEED)
	@$(PY) -m tests.ledger_simulator --ops $(or $(OPS),100000) --kills $(or $(KILLS),5) \
		--processes $(or $(PROCESSES),4) $(if $(SEED),--seed $(SEED))

planted: $(READY) ## plant bugs in the ledger, one at a time, and see the tests find each
	@$(PY) -m tests.planted

up: $(READY) ## web, worker and beat in the background; returns when /readyz answers (PORT=8000)
	@$(PY) -m loyalty.engines up

down: ## stop what `make up` started
	@if [ -e $(READY) ]; then $(PY) -m loyalty.engines down; else echo "nothing is up"; fi

browser: ## Debian's Chromium for tests/browser, where it is absent and may be installed
	@bash deploy/ensure_browser.sh
