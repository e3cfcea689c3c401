# make demo     see adorm at work, on a DynamoDB inside the process
# make test     the whole suite
# make fuzz     random requests to adorm's engine and to other DynamoDBs, answers compared, for a minute
# make conformance SUITES=/path/to/suites     suites that others wrote, held against adorm's engine
# make lint types bench clean
#
# They need nothing but Python and make.
# PYTHON chooses the interpreter and then its own environment: make test PYTHON=python3.13
# PYTEST_ARGS goes to pytest: make test-suite PYTEST_ARGS='tests/transport -x'; BENCH_ARGS to bench/run.py: make bench BENCH_ARGS=--quick

SHELL := /bin/sh
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

suitable = $(1) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
ifeq ($(origin PYTHON),undefined)
  PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do if $(call suitable,$$p); then echo $$p; break; fi; done)
  SUFFIX :=
else
  SUFFIX := -$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
endif

VENV := .venv$(SUFFIX)
VENV_AIOBOTO3 := .venv-aioboto3$(SUFFIX)
VENV_JUDGES := .venv-judges
BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check
CODE := $(wildcard src tests typing_tests examples bench)
PYTEST_ARGS ?=
BENCH_ARGS ?=
CONFORMANCE_ARGS ?=
FUZZ_ARGS ?=

.PHONY: help demo test test-suite test-aioboto3 judges conformance fuzz lint format types bench clean

help:
	@sed -n '1,/^$$/s/^# \{0,1\}//p' Makefile

# ------------------------------------------------------------- environments

# $(call new_venv,directory,constraints)
define new_venv
	@test -n "$(PYTHON)" || { echo "adorm needs Python 3.11 or newer: name one with PYTHON=/path/to/python3"; exit 1; }
	@$(call suitable,$(PYTHON)) || { echo "$(PYTHON) is missing or older than Python 3.11"; exit 1; }
	@echo "== making $(1) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(1) || { echo "on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(1)/bin/python -m pip install $(PIP_FLAGS) --upgrade -c $(2) pip
	@touch $@
endef

$(VENV)/.made:
	$(call new_venv,$(VENV),constraints.txt)

$(VENV_AIOBOTO3)/.made:
	$(call new_venv,$(VENV_AIOBOTO3),constraints-aioboto3.txt)

$(VENV_JUDGES)/.made:
	$(call new_venv,$(VENV_JUDGES),constraints-judges.txt)

$(VENV)/.demo: $(VENV)/.made pyproject.toml constraints.txt
	@$(BIN)/python -m pip install $(PIP_FLAGS) -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml constraints.txt
	@$(BIN)/python -m pip install $(PIP_FLAGS) -c constraints.txt -e '.[moto,otel,fastapi,aiohttp]' --group dev
	@touch $@ $(VENV)/.demo

$(VENV_AIOBOTO3)/.dev: $(VENV_AIOBOTO3)/.made pyproject.toml constraints-aioboto3.txt
	@$(VENV_AIOBOTO3)/bin/python -m pip install $(PIP_FLAGS) -c constraints-aioboto3.txt -e '.[aioboto3]' --group test
	@touch $@

# ministack, the suite's second opinion, pins a botocore of its own: it runs as a process, in an environment of its own.
judges: $(VENV_JUDGES)/.dev

$(VENV_JUDGES)/.dev: $(VENV_JUDGES)/.made constraints-judges.txt
	@$(VENV_JUDGES)/bin/python -m pip install $(PIP_FLAGS) -c constraints-judges.txt ministack
	@touch $@

# -------------------------------------------------------------------- tasks

demo: $(VENV)/.demo
	@$(BIN)/python examples/quickstart.py

test: test-suite test-aioboto3

test-suite: $(VENV)/.dev $(VENV_JUDGES)/.dev
	ADORM_JUDGES=$(CURDIR)/$(VENV_JUDGES) $(BIN)/python -m pytest $(PYTEST_ARGS)

test-aioboto3: $(VENV_AIOBOTO3)/.dev
	ADORM_ENGINES=aioboto3 $(VENV_AIOBOTO3)/bin/python -m pytest tests/contract

# CONFORMANCE_ARGS='--suite dynalite --verbose' runs one of them and says what failed tests said.
conformance: $(VENV)/.dev
	@test -n "$(SUITES)" || { echo "name the folder that holds the suites: make conformance SUITES=/path/to/suites"; exit 1; }
	$(BIN)/python -m tests.conformance $(SUITES) $(CONFORMANCE_ARGS)

# Where the fuzzer is not found nothing is compared, and the task says so. FUZZ_ARGS='--seconds 600 --seed S'.
fuzz: $(VENV)/.dev $(VENV_JUDGES)/.dev
	ADORM_JUDGES=$(CURDIR)/$(VENV_JUDGES) $(BIN)/python -m tests.conformance.fuzz $(FUZZ_ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check; checked=$$?; $(BIN)/ruff format --check && exit $$checked

format: $(VENV)/.dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: $(VENV)/.dev
	@$(BIN)/mypy $(CODE); checked=$$?; $(BIN)/pyright --pythonpath $(BIN)/python && exit $$checked

# Makes environments of its own for the libraries that adorm is compared with. BENCH_ARGS='--quick' takes two minutes, the whole half an hour.
bench:
	@test -n "$(PYTHON)" || { echo "adorm needs Python 3.11 or newer: name one with PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) bench/run.py $(BENCH_ARGS)

clean:
	rm -rf .venv .venv-* .cache dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
