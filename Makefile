# Everything runs from a virtual environment that `setup` makes from the lock; nothing else is installed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_COMPILE := $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --no-header pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help setup demo up down collect check test test-busy faults filters rights fuzz bench bench-quick contracts docs golden clients lock clean

help:  ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(READY)  ## make .venv from the lock (done by the others when needed)

# The stamp is older than the lock: build again.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "[setup] making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@echo "[setup] installing the locked packages, about half a minute"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@echo "[setup] installing crm itself"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
	@echo "[setup] done"

demo: setup  ## start everything, convert leads, link a company, show the result, stop everything
	$(BIN)/crm demo

up: setup  ## start the stack and leave it running
	$(BIN)/crm up

down: setup  ## stop what `up` started; its data stays, `crm down --forget` deletes it
	$(BIN)/crm down

collect: setup  ## collect all tests twice, in processes that share neither clock nor hashes nor paths
	@echo "[collect] every test twice"
	@$(BIN)/python -m pytest -q tests/architecture/test_determinism.py

check: setup collect  ## format, lint, types, import rules, architecture, contracts and golden masters
	@echo "[check] format"
	@$(BIN)/ruff format --check .
	@echo "[check] lint"
	@$(BIN)/ruff check .
	@echo "[check] types"
	@$(BIN)/mypy
	@echo "[check] import rules"
	@$(BIN)/lint-imports
	@echo "[check] architecture, contracts and golden masters"
	@$(BIN)/python -m pytest -q tests/architecture tests/contracts tests/golden --ignore tests/architecture/test_determinism.py

# Those of single services mostly wait, so three processes share them; those of the whole system are shared by two. Each process has a
# Kafka and a MongoDB of its own. The fuzz has a CRM of its own and all cores in use: it comes alone.
test: setup  ## all tests, on the best Kafka and MongoDB that the machine offers (CRM_KAFKA, CRM_MONGO force one)
	@failed=0; \
	echo "[test] each service, three files at a time"; \
	$(BIN)/python -m pytest -n 3 --dist loadfile --ignore tests/system || failed=1; \
	echo "[test] the whole system, two files at a time"; \
	$(BIN)/python -m pytest -n 2 --dist loadfile --durations 25 tests/system --ignore tests/system/fuzz || failed=1; \
	echo "[test] the whole system, whatever it is asked"; \
	$(BIN)/python -m pytest tests/system/fuzz || failed=1; \
	exit $$failed

# The loops end with this shell, whatever ends it: by the trap, or because it is gone when they look.
test-busy: setup  ## the same while two loops keep the machine busy
	@trap 'kill $$loops 2>/dev/null' EXIT; trap 'exit 130' INT; trap 'exit 143' TERM HUP; \
	loops=; \
	for loop in 1 2; do (trap - EXIT; while kill -0 $$$$ 2>/dev/null; do :; done) & loops="$$loops $$!"; done; \
	echo "[test-busy] two busy loops beside the tests"; \
	$(MAKE) test

# 10,000 role matrices, each on 1,000 records; and 500 on the records of each running service.
rights: export CRM_INTERFERENCE_CALLS ?= 10000
rights: export CRM_RIGHTS_EXAMPLES ?= 10000
rights: export CRM_RIGHTS_RECORDS ?= 1000
rights: export CRM_RIGHTS_MATRICES ?= 500
rights: setup  ## compare what lists show with what the check of each record allows, for an hour instead of seconds
	$(BIN)/python -m pytest -q --timeout 7200 tests/elements/test_rights.py tests/elements/test_sales_lists_by_rights.py \
		tests/system/test_non_interference.py

# Four of each kind.
faults: export CRM_FAULTS ?= 72
faults: export CRM_FAULT_CONVERSIONS ?= 2000
faults: setup  ## kill, stop and pause everything while leads are converted; rebuild a timeline of 20,000 events
	$(BIN)/python -m pytest -q -s tests/system/faults/test_campaign.py
	CRM_REBUILD_EVENTS=20000 $(BIN)/python -m pytest -q tests/system/test_rebuild.py

filters: export CRM_FILTER_EXAMPLES ?= 2000
filters: setup  ## compare the two back ends of filters by 10,000 of them (CRM_FILTER_EXAMPLES: sets of five)
	$(BIN)/python -m pytest -q tests/elements/test_filter_back_ends.py

fuzz: export CRM_FUZZ_EXAMPLES ?= 100
fuzz: setup  ## ask every service thousands of odd things, for minutes instead of one
	$(BIN)/python -m pytest -q -s tests/system/fuzz

# make has no options of its own for us: `make bench AGAINST=f9eee3b` is `python -m benchmarks --against f9eee3b`.
bench: setup  ## measure beside bare limits, about half an hour; AGAINST=REVISION by turns with that one, ONLY=B1,B2 a part
	$(BIN)/python -m benchmarks $(if $(AGAINST),--against $(AGAINST)) $(if $(ONLY),--only $(ONLY))

bench-quick: setup  ## a tenth of it: shows that the benchmarks work
	$(BIN)/python -m benchmarks --quick $(if $(AGAINST),--against $(AGAINST)) $(if $(ONLY),--only $(ONLY))

contracts: setup  ## write the JSON Schemas and samples of all events anew
	$(BIN)/python shared/contracts/generate.py

docs: setup  ## write docs/events.md, what each service's README says about events, and what is built of docs/requirements anew
	$(BIN)/python -m tests.architecture.docs
	$(BIN)/python -m tests.architecture.requirements

golden: setup  ## accept how the wire and the disk are today; read the diff of tests/golden/masters before you commit it
	$(BIN)/python -m tests.golden

clients: setup  ## generate TypeScript clients from our OpenAPI and compile what callers write; needs node
	$(BIN)/python -m tests.api.typescript

lock: setup  ## resolve the dependencies anew: all of them, and those that the images need
	@$(BIN)/python -m pip install --quiet uv==0.13.9
	$(UV_COMPILE) --all-extras --output-file requirements.lock
	$(UV_COMPILE) --output-file deploy/requirements.lock
	$(UV_COMPILE) --extra ops --output-file deploy/operations.lock

clean:  ## remove the environment and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
