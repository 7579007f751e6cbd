# `make demo`, `make test` and `make docs`. Each makes a virtual environment in .venv and installs what it needs.
#
#   make demo TORCH="torch --index-url ..."   another build of PyTorch, for a GPU say
#   make demo PYTHON=python3.12               another Python (3.11 or newer)
#   make demo OUT=folder                      where the models and the report go (runs/demo-DATE-TIME)

PYTHON ?= python3
VENV ?= .venv
TORCH ?= torch==2.13.0
OUT ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help install demo test lint types page unit docs bench clean

help:  ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /	/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "vael needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet $(TORCH)
	@grep -v '^torch==' constraints.txt > $(VENV)/constraints.txt
	$(PIP) install --quiet -c $(VENV)/constraints.txt -e ".[all]"
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) install --quiet -c $(VENV)/constraints.txt --group test --group docs
	@touch $@

$(VENV)/.documented: $(VENV)/.installed
	$(PIP) install --quiet -c $(VENV)/constraints.txt --group docs
	@touch $@

install: $(VENV)/.installed  ## make the virtual environment and install vael

demo: $(VENV)/.installed  ## learn MNIST and write a report: about five minutes on two cores
	$(BIN)/vael demo $(if $(OUT),--out $(OUT))

test: $(VENV)/.tested lint types page unit  ## run every check

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.tested
	$(BIN)/basedpyright

unit: $(VENV)/.tested
	$(BIN)/python -m pytest -q -n 2 --dist worksteal

page:  ## check the studio's page, where npm is there
	@if ! command -v npm >/dev/null; then \
	  echo "no npm here: the studio's page is taken as it was built, its own tests are left out"; \
	elif ! (cd studio && npm ci --silent); then \
	  echo "npm could not fetch what the studio's page is built with: its own tests are left out"; \
	else cd studio && npm run --silent check && npm test --silent; fi

docs: $(VENV)/.documented  ## build the site, which executes every formula of it: docs/_build/html/index.html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) studio/node_modules build docs/_build *.egg-info src/*.egg-info .pytest_cache .ruff_cache .hypothesis
