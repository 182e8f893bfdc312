# What you need is at the top of README.md: `make up` and `make test`.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PYTHON := $(VENV)/bin/python
HOME_OF_PULUMI := $(CURDIR)/.pulumi-home
STACK ?= local

# The local stack keeps its state with the local cloud it describes, so that the two end together,
# and away from your own Pulumi login. Its passphrase is no secret.
LOCAL_STATE := /var/lib/swarm-lab/pulumi
LOCAL := PATH="$(HOME_OF_PULUMI)/bin:$(CURDIR)/$(VENV)/bin:$$PATH" \
	PULUMI_HOME="$(HOME_OF_PULUMI)" PULUMI_BACKEND_URL="file://$(LOCAL_STATE)" \
	PULUMI_CONFIG_PASSPHRASE=local PULUMI_SKIP_UPDATE_CHECK=true

.PHONY: help setup languages up verify preview down clean test test-shared test-own test-engine test-kernel test-kernel-shared test-kernel-own faults lint dist docs bench config schema lock

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.installed $(HOME_OF_PULUMI)/.provided ## Provide Python packages, the Pulumi CLI and its plugins

$(VENV)/.installed: requirements.lock
	@tools/system-packages
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@# A path entry, not an editable install: the engine would ask for a published plugin.
	@echo "$(CURDIR)/components" > "$$($(PYTHON) -c 'import site; print(site.getsitepackages()[0])')/pulumi_swarm.pth"
	@touch $@

$(HOME_OF_PULUMI)/.provided: $(VENV)/.installed tools/toolchain.py tools/cache.py $(wildcard tools/*/go.mod tools/*/*.go tools/*/*/*.go)
	$(PYTHON) -m tools.toolchain --home $(HOME_OF_PULUMI) --bin $(HOME_OF_PULUMI)/bin --python $(PYTHON)
	@touch $@

$(HOME_OF_PULUMI)/.languages: $(HOME_OF_PULUMI)/.provided $(wildcard tools/languages/*/go.mod)
	$(PYTHON) -m tools.toolchain --home $(HOME_OF_PULUMI) --bin $(HOME_OF_PULUMI)/bin --python $(PYTHON) --languages
	@touch $@

languages: $(HOME_OF_PULUMI)/.languages ## Provide the hosts of YAML, TypeScript and Go programs

up: setup ## Make the swarm on the local cloud and show it
	$(PYTHON) -m lab up
	@mkdir -p $(LOCAL_STATE)
	@$(LOCAL) pulumi stack select --create local
	@$(LOCAL) pulumi up --stack local --yes --skip-preview --suppress-outputs
	@tools/show-swarm

verify: setup ## Show whether packets cross every network of the local stack
	@$(LOCAL) $(PYTHON) -m pulumi_swarm.verify --stack local --image registry.swarm.test/busybox:1

preview: setup ## Show what STACK would change (STACK=local by default)
	@if [ "$(STACK)" = local ]; then \
		$(PYTHON) -m lab up && mkdir -p $(LOCAL_STATE) && \
		$(LOCAL) pulumi stack select --create local && $(LOCAL) pulumi preview --stack local --diff; \
	else PATH="$(HOME_OF_PULUMI)/bin:$$PATH" pulumi preview --stack $(STACK) --diff; fi

down: ## Destroy the local stack and the local cloud; leaves nothing
	@if [ -d "$(LOCAL_STATE)/.pulumi/stacks/swarm" ] && $(PYTHON) -m lab status >/dev/null 2>&1; then \
		$(LOCAL) pulumi destroy --stack local --yes --skip-preview --suppress-outputs; fi
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m lab down; fi

clean: down ## Remove what setup made in this folder (the cache outside it stays)
	rm -rf $(VENV) $(HOME_OF_PULUMI) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

docs: setup ## Build the docs site into site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet --strict

test: setup languages lint ## Run all checks and tests (the kernel tier aside)
	@tools/system-packages chromium golang-cfssl # one looks at the docs, one signs certificates
	@# Two clouds at a time: they wait more than they compute.
	$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=target test-shared test-own

test-shared:
	$(LOCAL) $(PYTHON) -m pytest -m shared_cloud

test-own:
	$(LOCAL) $(PYTHON) -m pytest -m "not shared_cloud"

ENGINE_TESTS ?= -m shared_cloud tests/lab
test-engine: setup ## Run ENGINE_TESTS (the shared ones by default) on Docker's current engine
	SWARM_TEST_ENGINE=current $(LOCAL) $(PYTHON) -m pytest $(ENGINE_TESTS)

# In user mode each guest has one processor, so there are two (docs/decisions/0012).
IN_GUEST := $(LOCAL) $(PYTHON) -m tools.guest.guest $(PYTHON) -m pytest --color=no --timeout 3600
test-kernel: setup languages ## Run tests/lab, or KERNEL_TESTS, in guests with a kernel that has ESP and IPVS; SWARM_TEST_ENGINE=current: on Docker 29
ifdef KERNEL_TESTS
	$(IN_GUEST) $(KERNEL_TESTS)
else
	$(MAKE) --no-print-directory --jobs 2 --keep-going --output-sync=line test-kernel-shared test-kernel-own
endif

test-kernel-shared:
	$(IN_GUEST) -m shared_cloud tests/lab

test-kernel-own:
	$(IN_GUEST) -m "not shared_cloud" tests/lab

faults: setup ## Break swarms in every way and show how long each took to come back
	$(LOCAL) $(PYTHON) -m pytest tests/faults

lint: setup ## Check style, types, layers and shell scripts
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy policy/__main__.py
	PYTHONPATH=components:. $(VENV)/bin/lint-imports
	$(VENV)/bin/shellcheck lab/host/*.sh tools/system-packages tools/show-swarm .ci/run \
		tools/guest/init.sh
	$(VENV)/bin/yamllint --strict .
	$(VENV)/bin/zizmor --quiet --offline .github
	@if command -v go >/dev/null; then cd tools/actionlint && go tool actionlint ../../.github/workflows/*.yml; \
	else echo "lint: no Go on this machine, so actionlint has not looked at .github/workflows"; fi

dist: setup ## Build what is released: wheel, sdist and the plugin as an archive
	$(PYTHON) tools/dist.py dist

bench: setup ## Time the main jobs on the local cloud
	@$(LOCAL) $(PYTHON) -m tools.bench

config: setup ## Renew the config section of Pulumi.yaml from the args of SwarmCluster
	PYTHONPATH=components $(PYTHON) tools/project-config.py

schema: setup ## Renew components/schema.json, the package's public surface
	PYTHONPATH=components $(PYTHON) tools/write-schema.py

lock: ## Renew requirements.lock
	$(VENV)/bin/uv pip compile --quiet --upgrade --no-emit-index-url --generate-hashes --no-annotate \
		--custom-compile-command "make lock" --python-version 3.11 --group dev \
		pyproject.toml components/pyproject.toml -o requirements.lock
