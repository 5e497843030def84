# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help check lint docs test fast fuzz pictures hooks release

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: lint docs test  ## What .ci/run does, in the .venv that is there

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/installed  ## Build the documentation into build/site; a dead link or anchor is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

test: .venv/installed  ## All tests
	$(BIN)/python -m pytest

fast: .venv/installed  ## The tests that neither take seconds nor start processes
	$(BIN)/python -m pytest -m "not slow and not processes"

fuzz: .venv/installed  ## 100,000 damaged and odd files through every reader, and a table
	$(BIN)/python -m tests.fuzz

pictures: .venv/installed  ## Draw the documentation's pictures anew, from the app itself
	$(BIN)/python -m tests.app.picture

release: .venv/installed  ## Build wheel and sdist, and use both in empty environments
	$(BIN)/python -m tools.release

hooks: .venv/installed  ## Have git run ruff and mypy before each commit
	$(BIN)/pre-commit install

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -c constraints.txt --editable '.[dev]'
	touch $@
