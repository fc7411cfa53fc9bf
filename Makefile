# Commands for working on this project. `make` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TESTS ?= tests
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run demo setup test bench check lint types layers words fix clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(BIN)/shortener ## set up and run the product, on SQLite unless SHORTENER_DATABASE_URL is set
	@$(BIN)/shortener first-start
	@exec $(BIN)/shortener serve

demo: $(BIN)/shortener ## send a message, show its receipts, click its link and show the callbacks, on a temporary instance; KEEP=1: open a dashboard with sample data instead
	@$(BIN)/python bench/$(if $(KEEP),show,demo).py

setup: $(VENV)/dev.done $(BIN)/shortener ## install everything for running, testing and checking

test: setup programs ## run all tests: SQLite, PostgreSQL and a browser
	@$(BIN)/pytest -n $(JOBS) $(TESTS)

bench: $(VENV)/dev.done ## measure the speed (five minutes); BENCH="--help" lists options
	@command -v wrk >/dev/null || $(MAKE) --no-print-directory wrk
	@$(BIN)/python bench/speed.py $(BENCH)

check: setup programs lint types layers ## run what CI runs: lint, types, import contracts, all tests, coverage
	@rm -f .coverage .coverage.*
	@COVERAGE_PROCESS_START=pyproject.toml $(BIN)/pytest -n $(JOBS) --cov --cov-report= $(addprefix --ignore=,$(UNMEASURED)) tests
	@$(BIN)/coverage report --include='shortener/rules/*' --fail-under=98 --skip-covered
	@$(BIN)/coverage report --omit='shortener/rules/*,shortener/cli/*,shortener/web/*,shortener/vendors/*' --fail-under=95 --skip-covered
	@$(BIN)/pytest -n $(JOBS) $(UNMEASURED)

# Tests that run without coverage, which nearly doubles their time: each package must be covered by tests of its own.
UNMEASURED := $(addprefix tests/,bench browser cli end_to_end project vendors)

# Programs that the tests need and pip does not provide.
.PHONY: programs
programs: $(VENV)/dev.done
	@$(BIN)/python -m tests.support.programs

lint: $(VENV)/dev.done ## check style and format with ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/dev.done ## check types with mypy
	@$(BIN)/mypy

layers: $(VENV)/dev.done ## check which package imports which
	@$(BIN)/lint-imports

fix: $(VENV)/dev.done ## format the code and fix what can be fixed automatically
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

WORDS := shortener/translations
words: $(VENV)/dev.done ## update the translation catalogues from the pages, and compile them
	@$(BIN)/pybabel -q extract -F pyproject.toml --no-location --sort-output -o $(WORDS)/messages.pot .
	@$(BIN)/pybabel -q update -i $(WORDS)/messages.pot -d $(WORDS) --no-fuzzy-matching --ignore-obsolete --width=120
	@rm $(WORDS)/messages.pot
	@sed -i -E '/^"(POT|PO|Rep|Last-|Language-|Gen).*: /d' $(WORDS)/*/LC_MESSAGES/messages.po # generated dates and names
	@$(BIN)/pybabel -q compile -d $(WORDS)

clean: ## remove what these commands created, except data
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || $(MAKE) --no-print-directory venv-package
	@$(PYTHON) -m venv $(VENV)

# Debian and Ubuntu have venv in a separate package.
.PHONY: venv-package
venv-package:
	@if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -q -y python3-venv; \
	else echo "Python's venv is missing. Install it, then try again:  sudo apt-get install python3-venv"; exit 1; fi

# The load generator of the benchmark.
.PHONY: wrk
wrk:
	@if [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -q -y wrk; \
	else echo "wrk is missing. Install it, then try again:  sudo apt-get install wrk"; exit 1; fi

# Without a network, pip prints many lines but not what to do.
install = $(BIN)/pip install --quiet --retries 2 --disable-pip-version-check -r $(1) 2>$(VENV)/pip.log || { \
	if grep -qiE 'connection|resolution|timed out|unreachable|proxy' $(VENV)/pip.log; then echo "The packages cannot be downloaded: \
	connect this machine to the network for the first start, or name your proxy (HTTPS_PROXY) or package index (PIP_INDEX_URL)."; \
	else cat $(VENV)/pip.log; fi >&2; exit 1; }

$(VENV)/run.done: requirements.txt | $(VENV)/bin/pip
	@echo "Installing requirements.txt into $(VENV) ..."
	@$(call install,requirements.txt)
	@touch $@

# The command. It runs the product's folder that it lies in; called through a link, the one where make was run.
define COMMAND
#!/bin/sh
'''exec' "$(if $(filter /%,$(BIN)),,$(CURDIR)/)$(BIN)/python" "$$0" "$$@"
' '''
import os
import sys

folder = os.path.normpath(os.path.join(__file__, "../../.."))
sys.path[0] = folder if os.path.exists(os.path.join(folder, "wsgi.py")) else "$(CURDIR)"

from shortener.__main__ import main

main()
endef
export COMMAND

$(BIN)/shortener: $(VENV)/run.done Makefile
	@printf '%s\n' "$$COMMAND" >$@.new && chmod 755 $@.new && mv $@.new $@

$(VENV)/dev.done: requirements.txt requirements-dev.txt | $(VENV)/bin/pip
	@echo "Installing requirements-dev.txt into $(VENV) ..."
	@$(call install,requirements-dev.txt)
	@touch $@ $(VENV)/run.done
