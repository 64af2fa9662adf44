# Everything a developer does here, one word each.
.DEFAULT_GOAL := help
SHELL := /bin/bash

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
STAGE ?= dev
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for found in python3.11 python3 python3.12 python3.13 python3.14; do \
  $$found -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$found; break; }; done)
CHECKED := app.py chalicelib bldr gateway infra local tests
PACKAGES ?= 10000

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(INSTALLED) ## serve everything on http://localhost:9636 (BLDR_PORT, BLDR_LISTEN, AWS_ENDPOINT_URL)
	@exec $(BIN)/python -m local

engine: $(INSTALLED) ## serve only the embedded AWS, on ENGINE_PORT (4566)
	@exec $(BIN)/python -m local.engine --port $${ENGINE_PORT:-4566}

seed: $(INSTALLED) ## fill the engine at AWS_ENDPOINT_URL, or one that is served then, with PACKAGES packages
	@exec $(BIN)/python -m local.seed --packages $(PACKAGES)

bench: $(INSTALLED) ## measure every route in a small and a large depot (minutes), and write docs/PERFORMANCE.md
	@exec $(BIN)/python -m tests.perf.bench

test: $(INSTALLED) ## run all tests
	$(BIN)/pytest

check: lint test ## everything that has to hold before a push

lint: $(INSTALLED) ## style, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CHECKED)
	$(BIN)/lint-imports

format: $(INSTALLED) ## rewrite the code in the house's form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

package: $(INSTALLED) ## build/: archive and templates for STAGE (dev, prod), linted
	$(BIN)/python -m infra.package --stage $(STAGE) build

lock: $(INSTALLED) ## compile requirements*.txt with hashes from the *.in files
	$(BIN)/pip-compile $(LOCK) requirements.in
	$(BIN)/pip-compile $(LOCK) gateway/requirements.in
	$(BIN)/pip-compile $(LOCK) requirements-dev.in

LOCK := --allow-unsafe --generate-hashes --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --strip-extras -q

clean: ## remove what was built, not the virtual environment
	rm -rf build .run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .chalice/deployments
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(BIN)/python:
	@$(or $(PYTHON),false) -c '$(NEW_ENOUGH)' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed and not found. Name one: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.txt requirements-dev.txt | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt -r requirements-dev.txt
	@touch $@

.PHONY: help run engine seed bench test check lint format package lock clean
