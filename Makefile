# Needs only python3 (3.11 or later, with venv) and make: everything else is installed below, in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PARTS := core io mask features geometry ml_tools coregistration
EDITABLES := $(foreach part,$(PARTS),-e ./$(part)) -e .
UV := VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv
PATCH ?=
OUTPUT ?= land_cover

.PHONY: install demo test test-all lint docs bench lock clean

install: $(VENV)/.installed ## the environment: .venv with the locked versions and the seven parts

$(VENV)/.installed: requirements/lock.txt pyproject.toml $(PARTS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "eo-learn needs python 3.11 or later; name one: make PYTHON=/path/to/python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "$(PYTHON) comes without venv: on Debian and Ubuntu, apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	$(UV) pip install --quiet --compile-bytecode --require-hashes -r requirements/lock.txt
	$(UV) pip install --quiet --no-deps $(EDITABLES)
	@touch $@

demo: install ## a land-cover map, of a simulated region or of a saved patch: make demo PATCH=folder
	$(BIN)/python examples/land_cover.py --patch "$(PATCH)" --output "$(OUTPUT)"

lint: install ## style, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint ## everything that CI asks, in minutes
	$(BIN)/python -m pytest -n 2 -m "not long and not benchmark" --durations=10

test-all: lint docs ## and what is long
	$(BIN)/python -m pytest -n 2 -m "not benchmark" --durations=10

bench: install ## times and ratios, no pass or fail
	$(BIN)/python -m pytest tests/benchmarks -m benchmark -s -q

docs: install ## docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

lock: ## after a change of dependencies
	$(UV) export --quiet --all-packages --all-groups --all-extras --no-emit-workspace --no-header --no-annotate -o requirements/lock.txt

clean:
	rm -rf $(VENV) docs/_build docs/api/generated build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
