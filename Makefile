# The two commands of a new user are `make serve` and `make test`; each sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv --quiet

WHEEL_RUN := build/wheel
LOWEST := build/lowest
EXTRAS := metrics,redis,saml,testcontainers,uvloop
TESTS ?= tests
# Each worker takes tests that follow one another, so that they share the servers of a module, and in
# the end some of the other's
PARALLEL := -n auto --dist worksteal
# End-to-end tests wait for other programs: three workers for two cores
WAITING := -n $(shell expr 3 \* $$(getconf _NPROCESSORS_ONLN) / 2) --dist worksteal

# Where it is set, each of the many processes of the tests compiles every module again: a second each
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve test test-only quick coverage end-to-end nightly test-state fuzz lint audit duplicates dist index test-wheel lowest bench soak tables screenshots docs clean

serve: $(VENV)/serve.stamp
	$(BIN)/mock-sei serve

# Tiers 1 and 2; mypy works while the tests wait for one another
test: $(VENV)/docs.stamp
	$(MAKE) --jobs=2 lint test-only

test-only: $(VENV)/docs.stamp
	$(BIN)/python -m pytest $(WAITING) -m "not nightly"

# Tier 1: without sockets, with few examples of each property, without what measures costs or takes long
quick: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(PARALLEL) --ignore=tests/e2e --hypothesis-profile=quick \
		-m "not slow and not long and not nightly" -q

# The tests that open no socket, `slow` ones too, and which lines and branches of mock_sei/ they run.
# `make lint coverage end-to-end` runs what `make test` runs.
coverage: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(PARALLEL) --ignore=tests/e2e -m "not nightly" \
		--cov --cov-report=term:skip-covered

# The part of tier 2 with sockets, processes, browsers and other languages
end-to-end: $(VENV)/docs.stamp
	$(BIN)/python -m pytest $(WAITING) -m "not nightly" tests/e2e

# Tier 3: everything that is too long for every change: hours on two cores
nightly: test
	$(BIN)/python -m pytest $(PARALLEL) -m nightly
	MOCK_SEI_TESTS_THOROUGH=1 $(BIN)/python -m pytest $(PARALLEL) -m "not nightly" tests/e2e
	$(MAKE) fuzz
	$(MAKE) test-state
	$(MAKE) duplicates
	$(MAKE) soak
	$(MAKE) lowest
	for version in 3.11 3.12 3.13; do \
		python=$$(.ci/find-python $$version) && $(MAKE) test-wheel PYTHON=$$python || exit 1; \
	done
	$(BIN)/python -m performance.benchmarks --check

# Every property under thousands of examples
fuzz: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(PARALLEL) -m hypothesis --hypothesis-profile=thorough

# Two servers share one state, and take the requests of each test in turn; the second time, work that
# changes something also runs twice. tests/two_servers.py lists the tests that are for one server.
test-state: STATE_TESTS = apis doctor faults journal matching oauth portal testing web \
	test_gateway.py test_odd_values.py test_own_data.py test_platform.py test_reset.py
test-state: $(VENV)/test.stamp
	for state in sqlite restarts; do \
		MOCK_SEI_TESTS_STATE=$$state $(BIN)/python -m pytest $(PARALLEL) -q \
			--hypothesis-profile=quick -m "not slow and not nightly" \
			$(addprefix tests/,$(STATE_TESTS)) || exit 1; \
	done

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Known weaknesses: in the code by bandit, in what it depends on by the advisories of the package index
audit: $(VENV)/audit.stamp
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive mock_sei
	$(BIN)/pip-audit --local --skip-editable

# Six lines of logic that stand twice
duplicates: $(VENV)/audit.stamp
	$(BIN)/pylint --disable=all --enable=duplicate-code --score=n mock_sei

# The source distribution, and the wheel built from it
dist: index
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/twine check --strict dist/*

# The tests against the installed wheel: make test-wheel PYTHON=python3.13 TESTS=tests/e2e/test_tls.py
test-wheel: dist
	$(call unpack,$(WHEEL_RUN))
	$(UV) pip install --python $(WHEEL_RUN)/.venv/bin/python --group dev \
		"$$(echo dist/*.whl)[$(EXTRAS)]"
	cd $(WHEEL_RUN) && MOCK_SEI_TESTS_WHEEL=1 .venv/bin/python -m pytest $(PARALLEL) $(TESTS)

# The tests that open no socket against the wheel with the oldest versions that pyproject.toml allows.
# The wheel and what only developers need come second, and move nothing that is there.
lowest: TESTS = --ignore=tests/e2e -q tests
lowest: dist
	$(call unpack,$(LOWEST))
	$(UV) pip install --python $(LOWEST)/.venv/bin/python --resolution lowest-direct \
		--requirements pyproject.toml --all-extras
	$(UV) pip install --python $(LOWEST)/.venv/bin/python --group dev \
		"$$(echo dist/*.whl)[$(EXTRAS)]"
	$(BIN)/uv pip list --python $(LOWEST)/.venv/bin/python
	cd $(LOWEST) && MOCK_SEI_TESTS_WHEEL=1 .venv/bin/python -m pytest $(PARALLEL) $(TESTS)

# Into a folder of its own: the tests of the source distribution, without the package, so that no import
# can find it there, and an empty environment
define unpack
	rm -rf $(1)
	mkdir -p $(1)
	tar -xzf dist/*.tar.gz -C $(1) --strip-components=1
	rm -r $(1)/mock_sei
	$(PYTHON) -m venv --without-pip $(1)/.venv
endef

bench: $(VENV)/test.stamp
	$(BIN)/python -m performance.benchmarks --install-peers

# Ten minutes of load, eight on workers that are killed, four on servers whose Redis server fails,
# hostile connections, gigabytes of hostile traffic, a hundred kills: performance/soak/README.md
soak: $(VENV)/test.stamp
	$(BIN)/python -m performance.soak

# What a start and a test ask of the OpenAPI documents in fixtures/apis/, so that it need not parse them
index: $(VENV)/test.stamp
	$(BIN)/python -m mock_sei.apis.index fixtures/index.json

# What is made of other files: the index, and in docs/ the grades in fixtures/apis/, the doctor's findings
# and clients, the references
tables: index
	$(BIN)/python -m mock_sei.apis.grades docs/fidelity.md
	$(BIN)/python -m mock_sei.doctor.document docs/doctor.md
	$(BIN)/python -m docs.generator

# The pictures of docs/, by the tests that open the same pages
screenshots: $(VENV)/test.stamp
	MOCK_SEI_SCREENSHOTS=1 $(BIN)/python -m pytest -q -k fits \
		tests/e2e/test_pages_for_everyone.py tests/e2e/test_portal_for_everyone.py

# The documents as a site in build/site; a link that leads nowhere is an error
docs: $(VENV)/docs.stamp
	$(BIN)/python -m sphinx -n -W --keep-going -c docs -d build/doctrees . build/site

$(VENV)/serve.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/test.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8' # a quarter of pip's time
	$(UV) pip install --python $(BIN)/python --editable '.[$(EXTRAS)]' --group dev
	touch $@ $(VENV)/serve.stamp

$(VENV)/docs.stamp: $(VENV)/test.stamp
	$(UV) pip install --python $(BIN)/python --group docs
	touch $@

$(VENV)/audit.stamp: $(VENV)/test.stamp
	$(UV) pip install --python $(BIN)/python --group audit
	touch $@

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) .venv-peers .venv-suites performance/benchmarks/peers/node_modules dist build .mypy_cache .pytest_cache .ruff_cache tests/e2e/javascript/node_modules \
		tests/e2e/scanner/.venv
