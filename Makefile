# `make verify` and `make test` are the two commands of the README; each makes what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2

.PHONY: verify test lint bench docs clean

verify: $(VENV)/.main
	$(BIN)/pltheory verify examples/digits.toml

test: $(VENV)/.test
	$(BIN)/pytest -n $(JOBS) tests

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test
	$(BIN)/pytest -n 0 --benchmark-only tests/benchmarks

# Warnings are errors; examples in the pages are run.
docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b doctest docs docs/_build/doctest
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

# torch is installed first and alone: its CPU build has to be in place before anything asks for a torch.
$(VENV)/.torch: constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	touch $@

$(VENV)/.main: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.test: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test,dev]'
	touch $@ $(VENV)/.main

$(VENV)/.docs: $(VENV)/.torch pyproject.toml
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[docs]'
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
