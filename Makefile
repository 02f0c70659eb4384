# Two commands matter: `make run` and `make test`. Both start from Python 3.11+ and nothing else.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: run test coverage chaos lint fix bench frontend chromium postgres clean
.DEFAULT_GOAL := run

run: $(VENV)/.run
	$(BIN)/streamlit run app.py

# The records are flushed at every commit: where memory has room, the tests' folders lie there. Half of
# the time a test waits (for a browser, a server, a child), so that there are more of them than cores.
WORKERS := $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) * 3 / 2 )))
test: lint chromium postgres
	@ROOM=$$(df -k --output=avail /dev/shm 2>/dev/null | tail -1); PLACE=; \
	if [ "$${ROOM:-0}" -gt 4000000 ]; then PLACE=$$(mktemp -d /dev/shm/necto-tests.XXXXXX); fi; \
	$(BIN)/python -m pytest --numprocesses=$(WORKERS) --dist=worksteal $${PLACE:+--basetemp=$$PLACE/run}; \
	DONE=$$?; [ -z "$$PLACE" ] || rm -rf "$$PLACE"; exit $$DONE

# The same tests with what they run counted, which takes a third longer; fails below the floor.
coverage: lint chromium postgres
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal --cov --cov-report=term:skip-covered

# The records and orders under kill -9, faults and many writers, in earnest; `make test` has a short
# run of the same. `make chaos SEED=17 N=1000` repeats the run that printed this seed, with so many
# lives of orders (500 without).
chaos: $(VENV)/.dev postgres
	$(BIN)/python -m pytest tests/chaos --chaos $(if $(SEED),--chaos-seed=$(SEED)) $(if $(N),--chaos-lives=$(N))

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	for b in benchmarks/[a-z]*.py; do $(BIN)/python $$b || exit 1; done

# The bundles in components/static, built from the folders in components/ that hold a package.json.
# Node 20 or newer: this machine's or, without one, PyPI's. `make frontend OUT=folder` builds elsewhere.
NODE_IS_MISSING = ! node -e 'process.exit(+(process.versions.node.split(".")[0] < 20))' 2>/dev/null
frontend:
	@if $(NODE_IS_MISSING); then $(MAKE) $(VENV)/.dev; fi
	@for folder in $(dir $(wildcard components/*/package.json)); do ( set -e; cd $$folder; \
	  if $(NODE_IS_MISSING); then PATH="$(CURDIR)/$(BIN):$$PATH"; fi; \
	  [ node_modules/.ready -nt package-lock.json ] || { npm ci --ignore-scripts; touch node_modules/.ready; }; \
	  node build.mjs $(abspath $(OUT)) ) || exit 1; done

# Browser tests drive the system's Chromium. They are never skipped silently: no browser, no green.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
	  command -v google-chrome >/dev/null || { \
	  echo "Installing Chromium for the browser tests"; \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo -n); \
	  $$SUDO apt-get update -qq && $$SUDO apt-get install -qq -y --no-install-recommends chromium \
	  || { echo "Chromium is missing and could not be installed: install it, then run make test again"; exit 1; }; }

# The tests start a PostgreSQL of their own, so that only its programs are wanted: Debian is told
# not to make and start the cluster that it otherwise makes with them.
NO_CLUSTER := /etc/postgresql-common/createcluster.d/necto-tests.conf
postgres:
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { \
	  echo "Installing PostgreSQL for the tests of the records"; \
	  SUDO=$$([ "$$(id -u)" = 0 ] || echo sudo -n); \
	  $$SUDO apt-get update -qq && $$SUDO mkdir -p $(dir $(NO_CLUSTER)) && \
	  echo "create_main_cluster = false" | $$SUDO tee $(NO_CLUSTER) >/dev/null && \
	  $$SUDO env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -qq -y --no-install-recommends postgresql; \
	  DONE=$$?; $$SUDO rm -f $(NO_CLUSTER); [ $$DONE = 0 ]; } \
	  || { echo "PostgreSQL is missing and could not be installed: install it, then run make test again"; exit 1; }

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Necto needs Python 3.11 or newer"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install -r requirements.txt
	$(PIP) install --no-deps --editable .
	touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	$(PIP) install -r requirements-dev.txt
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info components/*/node_modules
