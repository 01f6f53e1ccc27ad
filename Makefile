# Every target starts from a bare clone: Python 3.11 or later, its venv module and pip are all that is needed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STORE  := build/store
SOURCES := pipeline tests examples

.PHONY: run test check bench system-deps format clean

run: $(VENV)/.installed  ## ingest the sample logs and print the report
	$(BIN)/ollalog ingest --store $(STORE) sample_logs
	$(BIN)/ollalog report --store $(STORE)

test: $(VENV)/.installed  ## all tests
	$(BIN)/python -m pytest

check: $(VENV)/.installed  ## format, lint, types, layers, tests with branch coverage, wheel
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage run -m pytest --hypothesis-profile=explore
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	rm -rf build/wheel && $(BIN)/python -m build --wheel --outdir build/wheel .
	$(PYTHON) -m venv --clear build/elsewhere
	build/elsewhere/bin/python -m pip install --quiet build/wheel/*.whl
	cd build/elsewhere && bin/ollalog ingest --store store ../../sample_logs && bin/ollalog views && bin/ollalog report --store store

bench: $(VENV)/.installed  ## against GoAccess, mtail, lnav (see system-deps)
	$(BIN)/python -m tests.bench

# Other programs that some tests and the benchmarks compare with; without them those tests are skipped, by name.
system-deps:
	sh tests/system-deps.sh

format: $(VENV)/.installed
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

clean:
	rm -rf $(VENV) build dist .coverage* .*_cache

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@
