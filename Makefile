# Two commands do everything on a fresh machine: `make demo` and `make test`. `make` alone lists all targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENT := $(VENV)/mlflow-1.5.0
RELEASE := $(VENV)/release
MLFLOW_3 := $(VENV)/mlflow-3
TODAYS_CLIENT := $(VENV)/examples-newest
# The MLflow version of `make demo`, with the client for each: make demo MLFLOW=3
MLFLOW := 1.5.0
CLIENT_OF_1.5.0 := $(CLIENT)
CLIENT_OF_3 := $(TODAYS_CLIENT)
DEMO_CLIENT := $(or $(CLIENT_OF_$(MLFLOW)),$(error MLFLOW must be 1.5.0 or 3, but is $(MLFLOW)))
export MLFLOW_AZURE_EMULATOR_HOME ?= $(CURDIR)/$(VENV)/emulator
# The tests start thousands of processes, each of which would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# uv (the machine's, or the locked one) installs in seconds what takes pip minutes. If it fails, pip is used, which may
# be configured with an index or certificates that uv does not know. $(call install,ENVIRONMENT,WHAT)
UV := $(or $(shell command -v uv),$(BIN)/uv)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check
export UV_COMPILE_BYTECODE ?= 1
install = $(UV) pip install --quiet --python $(1)/bin/python $(2) || \
	{ $(1)/bin/python -m ensurepip && $(1)/bin/python $(PIP_INSTALL) $(2); }

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-python lint format docs pictures bench campaign parity load backups dist release-check lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 28

setup: $(VENV)/ready ## Create the development environment in .venv

$(VENV)/uv.lock: requirements-dev.lock
	@echo "Creating $(VENV)"
	$(PYTHON) -m venv $(VENV)
	sed -n '/^uv==/,/[^\\]$$/p' $< > $@
	[ $(UV) != $(BIN)/uv ] || $(BIN)/python $(PIP_INSTALL) --require-hashes -r $@ || true

$(VENV)/ready: $(VENV)/uv.lock pyproject.toml
	@echo "Installing mlflow-azure and its dependencies in $(VENV)"
	$(call install,$(VENV),--require-hashes -r requirements-dev.lock)
	$(call install,$(VENV),--no-deps --editable .)
	@touch $@

# Tools for building the site and the package, which are not needed to try it.
$(RELEASE)/ready: requirements-release.lock | $(VENV)/ready
	$(PYTHON) -m venv $(RELEASE)
	$(call install,$(RELEASE),--require-hashes -r $<)
	@touch $@

# MLflow 1.5.0 and the current Azure SDK conflict, so the client has its own environment.
$(CLIENT)/ready: docker/requirements.lock | $(VENV)/uv.lock
	@echo "Installing the MLflow 1.5.0 client in $(CLIENT)"
	$(PYTHON) -m venv --without-pip $(CLIENT)
	$(call install,$(CLIENT),--no-deps --require-hashes -r $<)
	@touch $@

# The server of MLflow 3. The lock is complete, though MLflow declares more: see docker/mlflow3/overrides.txt.
$(MLFLOW_3)/ready: docker/mlflow3/requirements.lock | $(VENV)/ready
	$(PYTHON) -m venv --without-pip $(MLFLOW_3)
	$(call install,$(MLFLOW_3),--no-deps --require-hashes -r $<)
	@touch $@

# The examples' dependencies, in addition to the image's MLflow client and to the current one.
$(VENV)/examples-1.5.0/ready: docker/requirements.lock examples/requirements-1.5.0.txt | $(VENV)/uv.lock
	$(PYTHON) -m venv $(@D)
	$(call install,$(@D),--no-deps --require-hashes -r docker/requirements.lock)
	$(call install,$(@D),-r examples/requirements-1.5.0.txt)
	@touch $@

$(TODAYS_CLIENT)/ready: examples/requirements.lock | $(VENV)/uv.lock
	@echo "Installing the current MLflow client in $(TODAYS_CLIENT)"
	$(PYTHON) -m venv $(@D)
	$(call install,$(@D),--require-hashes -r $<)
	@touch $@

demo: ## Deploy to a local emulator and log a run (MLFLOW=3: a model and a trace)
	@UV_COMPILE_BYTECODE=0 $(MAKE) --no-print-directory --silent --jobs 2 $(VENV)/ready $(DEMO_CLIENT)/ready
	@CLIENT_PYTHON=$(DEMO_CLIENT)/bin/python COMMAND=$(CURDIR)/$(BIN)/mlflow-azure sh examples/demo.sh $(MLFLOW)

test: $(VENV)/ready $(CLIENT)/ready $(MLFLOW_3)/ready ## Run the test suite, or a part of it: make test TESTS="-m nightly"
	$(BIN)/pytest --numprocesses auto --dist loadfile $(TESTS)

test-fast: $(VENV)/ready ## Run the tests that start no process, in seconds
	$(BIN)/pytest tests/unit --numprocesses auto --cov --cov-report=

test-python: ## Run them on another Python: make test-python PYTHON=python3.13
	$(PYTHON) -m venv $(VENV)/$(notdir $(PYTHON))
	$(call install,$(VENV)/$(notdir $(PYTHON)),--require-hashes -r requirements-dev.lock)
	$(call install,$(VENV)/$(notdir $(PYTHON)),--no-deps --editable .)
	$(VENV)/$(notdir $(PYTHON))/bin/pytest --numprocesses 2 --dist loadfile tests/unit

lint: $(VENV)/ready ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --python-version 3.11
	$(BIN)/mypy --python-version 3.13
	$(BIN)/lint-imports

format: $(VENV)/ready ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tools of the bash script, for measurements and comparison.
$(VENV)/azure-cli/ready:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python $(PIP_INSTALL) azure-cli
	@touch $@

bench: $(VENV)/ready $(CLIENT)/ready $(MLFLOW_3)/ready $(VENV)/azure-cli/ready ## Measure everything into docs/performance.md: half an hour (BENCH="deploys" for a part)
	$(BIN)/python -m tests.bench --write $(BENCH)

campaign: $(VENV)/ready ## Inject faults at every request of every command, into docs/campaign.md: days (CAMPAIGN="--missing --minutes 60")
	rm -f $(VENV)/campaign.jsonl
	-$(BIN)/python -m tests.campaign --results $(VENV)/campaign.jsonl $(CAMPAIGN)
	$(BIN)/python -m tests.campaign --results $(VENV)/campaign.jsonl --write

parity: $(VENV)/ready $(VENV)/azure-cli/ready ## Compare what the bash script and a deploy create, into docs/parity.md
	$(BIN)/python -m tests.bench.parity --write

docs: $(VENV)/ready $(RELEASE)/ready ## Generate the reference pages and build the site in build/site; broken links fail
	$(BIN)/python docs/build.py
	$(BIN)/python docs/stage.py build/docs
	$(RELEASE)/bin/zensical build --clean --strict

pictures: $(VENV)/ready ## Record the pictures in the documentation again: ten minutes
	PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/pictures.sh

dist: $(RELEASE)/ready ## Build the source archive and the wheel, in dist
	rm -rf dist
	$(RELEASE)/bin/python -m build --outdir dist .

release-check: dist ## Install and run the wheel, check for known vulnerabilities, and write bills of materials
	UV=$(UV) sh .ci/release-check $(RELEASE)/bin

load: $(VENV)/ready $(CLIENT)/ready $(MLFLOW_3)/ready ## Measure MLflow 3 against 1.5.0, and with many clients on three instances
	$(BIN)/python -m tests.bench --write server searches instances

backups: $(VENV)/ready $(CLIENT)/ready $(MLFLOW_3)/ready ## Back up, upgrade and restore 10,000 runs and 2 GB, and measure it: half an hour (BACKUPS="--mlflow 1.5.0")
	$(BIN)/python -m tests.bench.backups --write $(BACKUPS)

UV_COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	--python-version 3.11 --upgrade

lock: $(VENV)/ready ## Update the development environment to the newest versions
	$(UV_COMPILE) --extra emulator --group dev pyproject.toml --output-file requirements-dev.lock
	$(UV_COMPILE) --group docs --group release --output-file requirements-release.lock
	$(UV_COMPILE) examples/requirements.txt --output-file examples/requirements.lock

clean: ## Stop the emulator and remove everything created here
	-$(BIN)/mlflow-azure emulator stop
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
