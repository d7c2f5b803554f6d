# make setup   .venv/bin/reachaudit, ready to run
# make demo    see it work: a real control plane, a sample shop, five changes (KEEP=1, TARGET=kind)
# make check   the inner loop: lint, types, contracts, all tests that need no cluster
# make test    everything that CI runs
# make soak    the long rest: ten million random flows by engine and oracle, 200 sequences
#              of faults, and mutants, two processes at a time
# make mutants  which changes of the engine's core no test notices (ONLY="reachaudit.reach.ports.*")
# make bench   what the engine costs, beside its budgets (SHAPES="2k 10k", EDITS=40, CHECK=1)
# make bench-live   what the operator costs against a real API server (SHAPES="1k 10k large", CHECK=1)
# make audit   known vulnerabilities of what the operator runs with (a warning where nobody answers)
# make manifests   render the dashboard and the plain manifests from their sources
# make lock    resolve the dependencies anew
# make kind    a kind cluster with the chart and the samples, where there is Docker

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTS := PYTHONPATH=tests:. $(BIN)/python
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url

.PHONY: setup check lint test demo kind lock tools helm manifests bench bench-live soak audit mutants

setup: $(READY)

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: Python 3.11 or later is needed; name one as PYTHON=…" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports | tail -n 9

check: lint helm
	$(BIN)/pytest -q -m "not live"

helm: setup
	@$(TESTS) -m cluster.build helm

tools: setup
	@$(TESTS) -m cluster.build controlplane helm

manifests: setup
	$(TESTS) -m deploy.render

test: lint tools audit
	$(BIN)/pytest

audit: setup
	@$(TESTS) -m deploy.audit

demo: setup
	@$(TESTS) -m demo $(if $(KEEP),--keep) $(if $(TARGET),--target $(TARGET))

soak: tools
	@printf '%s\n' 5_000_000 5_000_000 | xargs -P 2 -I{} env ORACLE_FLOWS={} \
	  $(BIN)/pytest -q -s tests/engine/test_engine_against_oracle.py
	FAULT_SEQUENCES=200 $(BIN)/pytest -q -s tests/live/test_fault_sequences.py
	@$(MAKE) --no-print-directory mutants

mutants: setup
	@$(TESTS) -m mutation $(if $(ONLY),'$(ONLY)')

bench: setup
	@$(TESTS) -m bench $(if $(SHAPES),--shapes $(SHAPES)) $(if $(EDITS),--edits $(EDITS)) $(if $(CHECK),--check)

bench-live: tools
	@$(TESTS) -m bench.live $(if $(SHAPES),--shapes $(SHAPES)) $(if $(CHECK),--check)

kind: setup
	@$(TESTS) -m deploy.kind

lock: setup
	$(LOCK) pyproject.toml -o requirements/run.txt
	$(LOCK) --group dev pyproject.toml -o requirements/dev.txt
