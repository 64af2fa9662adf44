# All tasks of a developer. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
STAGE ?= dev
HAS_3_11 := import sys; sys.exit(sys.version_info < (3, 11))
# Empty if the virtual environment does not exist, was made only in part, or belongs to a Python that is gone.
USABLE := $(shell $(BIN)/python -c 'import pip; $(HAS_3_11)' 2>/dev/null && echo yes)
PYTHON ?= $(shell for name in python3.11 python3 python3.12 python3.13 python3.14; do \
  $$name -c '$(HAS_3_11)' 2>/dev/null && { echo $$name; break; }; done)
PACKAGES ?= 10000
FUZZ_REQUESTS ?= 200
KILLS ?= 200
KILL_SEED ?= 1
KILL_SECONDS ?= 300
KILL_WRITERS ?= 64
STATE_KILLS ?= 3

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(INSTALLED) ## run the whole service on http://localhost:9636 (BLDR_PORT, BLDR_LISTEN); STATE=folder keeps everything there
	@exec $(if $(STATE),env BLDR_STATE="$(STATE)") $(BIN)/python -m local

backup: $(INSTALLED) ## back up STATE=folder to a new folder below TO=folder, also while the service runs
	@exec $(BIN)/python -m local.state.backup "$(STATE)" "$(TO)"

restore-backup: $(INSTALLED) ## make a new STATE=folder from the backup FROM=folder
	@exec $(BIN)/python -m local.state.restore "$(FROM)" "$(STATE)"

install-stores: $(INSTALLED) ## install the programs that STATE=folder needs, which `make run STATE=folder` does otherwise
	@exec $(BIN)/python -m local.state.programs

demo: $(INSTALLED) ## build, promote and run five packages on a new stack, which runs until Ctrl-C (DEMO_ENDS=1: ends at once)
	@exec $(BIN)/python -m local.demo $(if $(DEMO_ENDS),--end)

engine: $(INSTALLED) ## run only the embedded AWS, on ENGINE_PORT (4566)
	@exec $(BIN)/python -m local.engine

seed: $(INSTALLED) ## write PACKAGES (10000) packages to the engine at AWS_ENDPOINT_URL, or to a new stack that keeps running
	@exec $(BIN)/python -m local.seed --packages $(PACKAGES)

bench: $(INSTALLED) ## measure requests in a small and a large depot, writers that meet, and loads of partitions (minutes); writes docs/PERFORMANCE.md
	@$(BIN)/python -m tests.perf.bench && $(BIN)/python -m tests.perf.contention && \
	  exec $(BIN)/python -m tests.perf.partition_load

bench-builds: $(INSTALLED) ## build a job group of 200 projects with stub workers (ten minutes); writes docs/PERFORMANCE.md
	@exec $(BIN)/python -m tests.perf.job_groups

bench-pypicloud: $(INSTALLED) ## compare with pypicloud on one engine, in turns (many minutes; installs it); writes docs/PERFORMANCE.md
	@exec $(BIN)/python -m tests.perf.beside_pypicloud

test: $(INSTALLED) ## run all tests
	$(BIN)/pytest

test-state: install-stores ## kill the processes of a stack with STATE=folder, restart it, back it up and restore it (minutes)
	TEST_STATE=1 STATE_KILLS=$(STATE_KILLS) $(BIN)/pytest --numprocesses 0 tests/local/state

test-engines: $(INSTALLED) ## run the API tests, or those of T, on DynamoDB Local, ministack and the stores of STATE (hours; installs them)
	@exec nice $(BIN)/python -m tests.engines $(addprefix --engine=,$(ENGINE)) $(T)

test-one: $(INSTALLED) ## run the tests of T in one process, for example T=tests/unit/core or T=path::test
	$(BIN)/pytest --numprocesses 0 $(T)

large-groups: $(INSTALLED) ## run the tests of job groups with 700 to 3000 projects (many minutes)
	LARGE_GROUP=3000 $(BIN)/pytest --numprocesses 0 tests/engine/builds/test_large_groups.py
	GROUP_PROJECTS=704 JOBS_OF_ONE_ORIGIN=1000 $(BIN)/pytest --numprocesses 0 tests/perf/test_job_groups.py

kill-builds: $(INSTALLED) ## kill processes of a local stack at KILLS (200) moments while it builds job groups (many minutes)
	@exec $(BIN)/python -m tests.kills --kills $(KILLS) --seed $(KILL_SEED)

kill-depot: $(INSTALLED) ## kill and pause processes of a local stack for KILL_SECONDS (300) while KILL_WRITERS (64) clients change packages
	@exec $(BIN)/python -m tests.kills.depot --seconds $(KILL_SECONDS) --writers $(KILL_WRITERS) --seed $(KILL_SEED)

fuzz: $(INSTALLED) ## compare the answers to FUZZ_REQUESTS (200) random requests per operation with the OpenAPI document (minutes)
	FUZZ_REQUESTS=$(FUZZ_REQUESTS) $(BIN)/pytest --numprocesses 0 tests/api/docs/test_answers_are_described.py

check: lint test ## everything that must pass before a push

lint: $(INSTALLED) ## check format, style, types and the import order
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## format the code and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

package: $(INSTALLED) ## build archive and templates for STAGE (dev, prod) in build/, and lint them (HERE=1: for this machine)
	$(BIN)/python -m infra.package --stage $(STAGE) $(if $(HERE),--here) build

deploy: package ## create or update STAGE on AWS, or on the stand-in at AWS_ENDPOINT_URL (ACCOUNT, ORIGIN, DRY_RUN=1, OPTIONS)
	@$(BIN)/python -m infra.deploy --stage $(STAGE) $(if $(ACCOUNT),--name '$(ACCOUNT)') $(if $(EMAIL),--email '$(EMAIL)') \
	  $(if $(ORIGIN),--origin '$(ORIGIN)') $(if $(DRY_RUN),--dry-run) $(OPTIONS)

upgrade: deploy ## the same as deploy: it shows what changes, and keeps the template and the archive before

rollback: $(INSTALLED) ## return STAGE to the deployment before the present one
	@$(BIN)/python -m infra.deploy --stage $(STAGE) --rollback $(if $(DRY_RUN),--dry-run) $(OPTIONS)

teardown: $(INSTALLED) ## delete STAGE, but not its data (EVERYTHING=1: the data, too)
	@$(BIN)/python -m infra.deploy.teardown --stage $(STAGE) $(if $(EVERYTHING),--everything)

front: $(INSTALLED) ## serve STAGE, deployed to the stand-in at AWS_ENDPOINT_URL, on BLDR_PORT (9636)
	@exec $(BIN)/python -m local.stack_front --stack bldr-$(STAGE) --port $(or $(BLDR_PORT),9636)

test-deploy: HERE := 1
test-deploy: package ## install ministack, deploy STAGE to it, publish, promote, download and build there
	@exec $(BIN)/python -m tests.deployed --stage $(STAGE)

lock: $(INSTALLED) ## compile the *.in files to requirements with hashes
	$(BIN)/pip-compile $(LOCK) requirements.in
	$(BIN)/pip-compile $(LOCK) gateway/requirements.in
	$(BIN)/pip-compile $(LOCK) requirements-dev.in

LOCK := --allow-unsafe --generate-hashes --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --strip-extras -q

clean: ## remove build results and caches, but not the virtual environment
	rm -rf build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .chalice/deployments
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

new-venv:
	@$(or $(PYTHON),false) -c '$(HAS_3_11)' 2>/dev/null || \
	  { echo "Python 3.11 or newer was not found. Set it: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "$(PYTHON) cannot create the virtual environment $(VENV). On Debian and Ubuntu, install python3-venv. \
	Or use another Python: make PYTHON=/path/to/python3.11"; exit 1; }

$(INSTALLED): requirements.txt requirements-dev.txt $(if $(USABLE),,new-venv)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	  -r requirements.txt -r requirements-dev.txt || \
	  { echo "The packages were not installed; pip says why above. This needs a network once. Without one, name an \
	index or a folder that this machine can reach, for example PIP_NO_INDEX=1 PIP_FIND_LINKS=/path/to/wheels, and \
	repeat the command. If it still fails, remove $(VENV) first."; exit 1; }
	@touch $@

.PHONY: new-venv help run demo engine seed bench bench-builds bench-pypicloud test test-one fuzz large-groups kill-builds kill-depot check lint format package deploy upgrade rollback teardown front test-deploy lock clean backup restore-backup install-stores test-state test-engines
