# Two commands do everything: `make demo` and `make test`. Each sets up what it needs, from locked
# dependencies, in an environment of the project's own (.venv).

.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# Wheels of LevelDB's binding exist for Python 3.11 and 3.12.
PYTHON ?= $(shell for python in python3 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& echo $$python && break; done)

.PHONY: help demo test lint types bench kill lock clean

help:
	@echo 'make demo [ARGS="--seconds 40"]   a whole community on this machine, live'
	@echo 'make test                         lint, types, layers, tests'
	@echo 'make bench                        speed and memory, into build/bench.json'
	@echo 'make kill                         kill -9 of servers, twenty times over'
	@echo 'make lock                         renew the locked dependencies (needs uv)'
	@echo 'make clean                        remove the environment and what was built'

$(VENV)/python:
	@test -n "$(PYTHON)" || { echo 'Python 3.11 or 3.12 is needed: install python3 and python3-venv' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null \
		|| { echo 'venv is missing: apt-get install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run-ready: requirements.lock pyproject.toml $(VENV)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --no-index --editable .
	@touch $@

$(VENV)/test-ready: requirements-dev.lock $(VENV)/run-ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

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

kill: $(VENV)/test-ready
	$(BIN)/python -m tests.e2e.kill_run $(ARGS)

lock:
	uv pip compile pyproject.toml --extra build --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' --output-file requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command 'make lock' --constraint requirements.lock \
		--output-file requirements-dev.lock

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
