PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test pytest test-all lint format docs clean

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11 to 3.13 is needed, this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt --editable '.[dev,docs]'
	touch $@

demo: $(INSTALLED)
	$(BIN)/kit train two-tower --data online-retail
	$(BIN)/kit recommend saved_models/two-tower --examples 3

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Each of the processes that run tests computes on one core: threads of NumPy and scikit-learn that
# wait for each other keep the cores from the others.
ONE_CORE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

# Types and pages are checked while tests run: three processes, as tests of servers wait a lot.
test: $(INSTALLED)
	$(MAKE) --jobs 2 pytest lint docs

pytest: $(INSTALLED)
	$(ONE_CORE) $(BIN)/pytest -m 'not slow' -n 3 --dist loadscope --durations 30

test-all: lint
	$(ONE_CORE) FUZZ=full $(BIN)/pytest -n 2 --dist loadscope

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build site *.egg-info
