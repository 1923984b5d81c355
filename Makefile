# `make help` lists what there is.
SHELL := /bin/sh
ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
PYTHON ?= python3
VENV := $(ROOT).venv
BIN := $(VENV)/bin
INSTALL := $(ROOT)install.sh
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run demo test test-postgres lint bench soak fuzz interop e2e

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(ROOT)Makefile

run: ## install what is missing, then run everything until Ctrl-C
	@PYTHON=$(PYTHON) $(INSTALL) requirements.txt
	@cd $(ROOT) && exec $(BIN)/python manage.py up

demo: ## the same, with a demo domain and mailboxes full of mail
	@PYTHON=$(PYTHON) $(INSTALL) requirements.txt
	@cd $(ROOT) && exec $(BIN)/python manage.py up --demo

test: ## install what the tests need, then run them (PYTEST_ARGS="-k imap")
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && exec $(BIN)/pytest -n 2 $(PYTEST_ARGS)

test-postgres: ## the tests on PostgreSQL: a temporary server, or the one at FACTEUR_DATABASE_URL
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && exec $(BIN)/python -m tests.postgres $(BIN)/pytest -n 2 $(PYTEST_ARGS)

lint: ## style, types and import contracts
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && $(BIN)/ruff check . && $(BIN)/mypy mailcore config && $(BIN)/lint-imports

bench: ## compare with Dovecot and Postfix where they are installed (BENCH_ARGS="--rounds 5")
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && exec $(BIN)/python -m bench $(BENCH_ARGS)

soak: ## 2,000 messages while every kind of process is killed at least 20 times, then the reckoning
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && exec env FACTEUR_SOAK=1 $(BIN)/pytest tests/flows/test_kills.py -s $(PYTEST_ARGS)

fuzz: ## throw bytes nobody meant at every parser (FUZZ_ARGS="imap mime --seconds 3600")
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && exec $(BIN)/python -m tests.fuzz $(FUZZ_ARGS)

interop: ## exchange mail with other mail programs that are installed
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && exec $(BIN)/pytest tests/interop $(PYTEST_ARGS)

e2e: ## drive the pages in a real browser
	@PYTHON=$(PYTHON) $(INSTALL) requirements-dev.txt
	@cd $(ROOT) && exec $(BIN)/pytest tests/e2e $(PYTEST_ARGS)
