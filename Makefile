# make report: from a bare machine to the PDF. make test: the test suite. Needs Python 3.11 to 3.13.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
SCRIPT := tests/script
INSTALLED := .venv/installed

.PHONY: report quick test fault bench check docs lock clean

# From the kept results: it trains nothing.
report: $(INSTALLED)
	@$(BIN)/report doctor --fix
	@$(BIN)/report build all

# Trains everything anew, small and on drawn images.
quick: $(INSTALLED)
	@$(BIN)/report doctor --fix
	@$(BIN)/report build all --profile quick --yes

test: $(INSTALLED)
	@$(BIN)/report doctor --fix
	$(BIN)/python -m pytest -n auto

# All cases of tests/fault, an hour or so; stopped, it goes on where it was. Its table comes at the end.
fault: $(INSTALLED)
	@$(BIN)/report doctor --fix
	$(BIN)/python -m pytest tests/fault -m "fault or not fault" --record -n auto -q

# Ratios, measured in one run each; nothing else should run meanwhile.
bench: $(INSTALLED)
	$(BIN)/python -m pytest tests/benchmarks -m benchmark -q -p no:randomly

check: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@test -d $(SCRIPT)/node_modules || npm ci --silent --fetch-retries=0 --prefix $(SCRIPT) || \
		echo "npm can't install TypeScript and Biome: the page's script is not checked"
	$(BIN)/python -m pytest -q -n 0 tests/script tests/experiments/test_kept.py

# The guides as a site, in build/site.
docs: $(INSTALLED)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement docs/requirements.txt
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Everything comes from the lock file, the build backend included, so nothing is resolved or left to chance here.
# What is installed in place is compiled by no one until it runs, and never where Python may not write bytecode.
$(INSTALLED): requirements.lock
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11, 3.12 or 3.13 with venv found; name one: make PYTHON=..." >&2; exit 2; }
	@echo "installing the packages of requirements.lock into .venv (1 GB to fetch, 3.3 GB there, a few minutes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q --invalidation-mode checked-hash report_cli
	@touch $@

# Made anew after a change of dependencies; needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --extra keras --group pyproject.toml:dev pyproject.toml \
		--output-file requirements.lock

# Spares build/runs and build/fault, which cost hours.
clean:
	rm -rf build/figures build/report build/logs build/tmp build/math build/fonts build/survey build/memory build/site \
		.import_linter_cache .mypy_cache .pytest_cache .ruff_cache
