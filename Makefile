# Two commands do everything: `make demo` and `make test`. Each sets up what it needs, from locked
# dependencies, in an environment of the project's own (.venv).

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
SEEDS ?= 200
# Twice quiet: two packages are built the old way, of which pip warns; errors are still shown.
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check

# Wheels of LevelDB's binding exist for Python 3.11 and 3.12.
PYTHON ?= $(shell for python in python3 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& echo $$python && break; done)

.PHONY: help demo install test lint types bench finality kill simulate simulate-planted \
	simulate-long year village dozen lock clean

help:
	@echo 'make demo [ARGS="--seconds 40"]   a whole community on this machine, live; Ctrl-C ends it'
	@echo 'make install                      the program itself: .venv/bin/pai'
	@echo 'make test [ARGS="tests/unit"]     lint, types, layers, tests: about ten minutes'
	@echo 'make bench                        speed and memory, into build/bench.json'
	@echo 'make year [ARGS="--lang ru"]      a year of a village, told; replayed; reported on'
	@echo 'make village                      eight years of a village, into docs/charts: minutes'
	@echo 'make dozen                        a dozen accounts try everything, other lives each time'
	@echo 'make kill                         kill -9 of servers, twenty times over'
	@echo 'make finality                     how soon blocks and payments become final, in figures'
	@echo 'make simulate [SEEDS=2000]        many communities under every fault, in virtual time'
	@echo 'make simulate-planted             faults planted on purpose, each of which must be found'
	@echo 'make simulate-long                long and large schedules: hours'
	@echo 'make lock                         renew the locked dependencies (needs uv)'
	@echo 'make clean                        remove the environment and what was built'
	@echo
	@echo 'Each sets up what it needs in .venv, the first time in about half a minute.'

$(VENV)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or 3.12 is needed: apt-get install python3 python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo 'venv is missing: apt-get install python3-venv' >&2; exit 1; }
	@echo 'Making an environment of its own for Pai in $(VENV).'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run-ready: requirements.lock pyproject.toml $(VENV)/python
	@echo 'Installing the locked packages: about half a minute.'
	@$(PIP) --require-hashes --no-deps -r requirements.lock
	@$(PIP) --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(VENV)/test-ready: requirements-dev.lock $(VENV)/run-ready
	@echo 'Installing the locked packages for tests.'
	@$(PIP) --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

install: $(VENV)/run-ready
	@echo 'Ready: $(CURDIR)/$(BIN)/pai'

demo: $(VENV)/run-ready
	@$(BIN)/pai demo $(ARGS)

test: lint types
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test-ready
	$(BIN)/mypy

bench: $(VENV)/test-ready
	$(BIN)/python -m tests.bench $(ARGS)

year: $(VENV)/test-ready
	$(BIN)/python -m tests.year $(ARGS)

village: $(VENV)/test-ready
	$(BIN)/python -m tests.eight_years $(ARGS)

dozen: $(VENV)/test-ready
	$(BIN)/python -m tests.dozen $(ARGS)

kill: $(VENV)/test-ready
	$(BIN)/python -m tests.e2e.kill_run $(ARGS)

finality: $(VENV)/test-ready
	$(BIN)/python -m tests.e2e.finality_run $(ARGS)

simulate: $(VENV)/test-ready
	$(BIN)/python -m tests.simulation --schedules --seeds $(SEEDS) $(ARGS)

simulate-planted: $(VENV)/test-ready
	$(BIN)/python -m tests.simulation.hunt $(ARGS)

simulate-long: $(VENV)/test-ready
	$(BIN)/python -m tests.simulation.long $(ARGS)

lock:
	uv pip compile pyproject.toml --extra build --extra solver --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' --output-file requirements.lock
	uv pip compile pyproject.toml --extra build --extra solver --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' --constraint requirements.lock \
		--output-file requirements-dev.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
