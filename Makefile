# Needs Python >= 3.11, Terraform >= 1.10 and make; everything else is set up here, inside the project.
.DEFAULT_GOAL := help
.PHONY: help setup settings readme local local-down test check format synth snapshots bench models lock
.PHONY: pipenv

PYTHON ?= python3
ENV ?= dev
PORT ?= 0
BIN := .venv/bin
PIPENV := $(shell pipenv --version >/dev/null 2>&1 && echo pipenv || echo .local/pipenv/bin/pipenv)
# The virtual environment is .venv, whatever else is active or configured.
export PIPENV_VENV_IN_PROJECT := 1
export PIPENV_IGNORE_VIRTUALENVS := 1
export PIPENV_VERBOSITY := -1

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

local: setup ## deploy ENV (dev) on the local AWS, for real; PORT: its port, any free one if left out
	@$(BIN)/python -m local_aws.deploy $(ENV) --port $(PORT)

local-down: setup ## destroy what the local AWS holds, prove it, stop it
	@$(BIN)/python -m local_aws.undeploy

test: setup ## run every test
	$(BIN)/python -m pytest

check: setup ## ruff, mypy --strict, shellcheck
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/shellcheck lifecycle_scripts/*.sh .ci/run

format: setup ## let ruff format and fix what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

synth: setup ## cdktf synth: the Terraform JSON of the three stacks, in cdktf.out
	$(BIN)/cdktf synth

snapshots: setup ## rewrite the committed snapshots after a wanted change
	$(BIN)/python -m pytest tests/test_snapshots.py --snapshot-update

settings: setup ## every setting of ENV (dev), and where its value comes from
	@$(BIN)/python -m stacks.show_settings $(ENV)

readme: setup ## rewrite the README's table of settings
	@$(BIN)/python -m stacks.settings_table

bench: setup ## the synth benchmark: ratios, side by side in one run
	$(BIN)/python -m lazy_bindings.bench

models: setup ## train and pack the models that the project ships
	$(BIN)/python -m models.train

lock: $(PIPENV) ## resolve Pipfile and package.json anew
	$(PIPENV) lock
	$(PYTHON) -c 'import json, pathlib; p = pathlib.Path("Pipfile.lock"); l = json.loads(p.read_text()); \
	l["_meta"]["sources"] = []; [v.pop("index", None) for k in ("default", "develop") for v in l[k].values()]; \
	p.write_text(json.dumps(l, indent=4, sort_keys=True) + "\n")'
	$(BIN)/npm install --package-lock-only

setup: node_modules/.ready ## install what the project needs, into the project

node_modules/.ready: package.json package-lock.json .npmrc .venv/.ready
	$(BIN)/npm ci --no-progress --loglevel=error
	@printf '#!/bin/sh\nexec "%s/node" "%s" "$$@"\n' "$(CURDIR)/$(BIN)" "$(CURDIR)/node_modules/cdktf-cli/bundle/bin/cdktf" \
	  > $(BIN)/cdktf && chmod +x $(BIN)/cdktf
	@touch $@

.venv/.ready: Pipfile Pipfile.lock | $(PIPENV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python is {sys.version.split()[0]}: must be >= 3.11: name one with PYTHON=...")'
	$(PIPENV) sync --dev --python "$$(command -v $(PYTHON))"
	$(BIN)/python -m lazy_bindings.warm_up
	@touch $@

# pipenv itself, where the machine has none.
.local/pipenv/bin/pipenv:
	$(PYTHON) -m venv .local/pipenv
	.local/pipenv/bin/pip install --quiet --disable-pip-version-check pipenv==2026.10.3

pipenv: ;
