# Every target creates and fills .venv first; `make` alone lists them.

SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TORCH := torch==2.13.0
TYPESCRIPT := 5.9.3
JOBS ?= 2
OUT ?= demo
PROJECT ?= demo

# The first Python from 3.11 on that runs and can make virtual environments. 3.11 first: constraints.txt was tested there.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)

# The tests run side by side, so each process keeps to one thread.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS) --dist loadfile

.PHONY: help venv torch demo app test test-slow test-gpu check ruff pyright js floors site house docs wheel clean

help:
	@echo 'make demo        render, train, predict, smooth and score: the whole chain, into $(OUT)/'
	@echo 'make app         look at $(PROJECT)/ in the browser (PROJECT=folder for another one)'
	@echo 'make test        every test that takes seconds'
	@echo 'make test-slow   the others'
	@echo 'make test-gpu    those that need a CUDA device'
	@echo 'make check       ruff, pyright, tsc, import floors, documentation with its links'
	@echo 'make docs        the documentation, into site/'
	@echo 'make wheel       the distribution, into dist/'
	@echo 'make clean       remove what these made, except .venv and $(OUT)/'

venv: $(READY)

# The torch that everything is tested with, for .ci/run.
torch:
	@echo '$(TORCH)'

# torch comes first and by itself: where a CPU wheel is offered, pip must not trade it for a CUDA one later.
$(READY): pyproject.toml constraints.txt
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or later with the venv module is needed (make PYTHON=/path/to/python)' >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH) -c constraints.txt
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[all,dev]'
	@touch $@

demo: $(READY)
	$(BIN)/litpose demo --out $(OUT)

app: $(READY)
	$(BIN)/litpose app $(PROJECT)

test: $(READY)
	$(PYTEST) -m 'not slow and not gpu'

test-slow: $(READY)
	$(PYTEST) -m 'slow and not gpu' --timeout 1800

test-gpu: $(READY)
	$(BIN)/pytest -m gpu --timeout 1800

check: ruff pyright js floors site house

ruff: $(READY)
	$(BIN)/ruff check .

pyright: $(READY)
	$(BIN)/pyright

# The page's JavaScript has its types in comments. npx fetches the compiler from the npm registry, once.
js:
	npx --yes --package typescript@$(TYPESCRIPT) tsc --project apps/canvas/jsconfig.json

floors: $(READY)
	$(BIN)/lint-imports

# Not --quiet: it would keep --strict from seeing the warnings.
site: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir $(VENV)/site

house: $(READY)
	$(BIN)/pytest -q tests/test_house.py

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir site
	@echo 'open site/index.html'

# setuptools would pack what an earlier build left behind.
wheel: $(READY)
	rm -rf build dist
	$(BIN)/python -m build --wheel --outdir dist

clean:
	rm -rf site dist build .pytest_cache .ruff_cache .hypothesis *.egg-info
