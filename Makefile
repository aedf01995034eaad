# Needs Python >= 3.11, Terraform >= 1.10 and make; everything else is set up here, inside the project.
.DEFAULT_GOAL := help
.PHONY: help setup settings docs local local-down demo test check format synth snapshots bench artifacts lock
.PHONY: preflight deployer-policy plan deploy destroy recover status verify invoke state-bucket faults policy pipenv
.PHONY: train models notebook notebook-restart approve reject release promote rollback

PYTHON ?= python3
ENV ?= dev
PORT ?= 0
# What a person gives is text: make runs nothing that is in it, and hands it to recipes as variables of the shell.
# The loop's own variable is nobody's to give. A sourced shell has ENV too: make status is of one only where it is typed.
override ENV_TYPED := $(findstring command line,$(origin ENV))
override given :=
$(foreach given,ENV PORT PYTHON $(foreach given,$(.VARIABLES),$(if $(findstring command,$(origin $(given))),$(given))),\
  $(eval override $(given) := $$(value $(given)))$(eval export $(given)))
override BIN := .venv/bin
override RUN := $(BIN)/python -m stacks.run
override PIPENV := $(shell pipenv --version >/dev/null 2>&1 && echo pipenv || echo .local/pipenv/bin/pipenv)
# The virtual environment is .venv, whatever else is active or configured.
export PIPENV_VENV_IN_PROJECT := 1
export PIPENV_IGNORE_VIRTUALENVS := 1
export PIPENV_VERBOSITY := -1

# Of all environments and the real AWS, also in a shell that has sourced an environment's exports.
test policy synth snapshots docs bench: export LOCAL_AWS_ENVIRONMENT :=
test policy synth snapshots docs bench: export CDKTF_OUTPUT := cdktf.out

# $(call step,what is set up,its command): the command with a line before it, one every 15 seconds while it runs, and
# one where it failed. The one that counts is in the background, so that an interrupt reaches the command.
override step = @echo 'set-up: $(1)'; began=$$(date +%s); \
  (next=15; while sleep 1 && kill -0 $$$$; do s=$$(($$(date +%s) - began)); \
    [ $$s -lt $$next ] || { echo "set-up: $$s seconds, still at it"; next=$$((s + 15)); }; done) 2>/dev/null & \
  $(2) || { code=$$?; echo "set-up: this ended with $$code: why stands above. It needs the way to PyPI and npm, or to mirrors \
  that pip and npm are configured for, and 3 GB of disk; then the same command again goes on from here" >&2; exit $$code; }

help: ## list the targets
	@sed -n -e 's/^##@ \(.*\)/\n\1/p' -e 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 19

##@ A local AWS
local: setup ## deploy ENV (dev) on the local AWS, for real; PORT: its port, any free one if left out
	@$(RUN) local_aws.deploy --port="$$PORT" -- "$$ENV"

demo: setup ## the whole way of a model on a local AWS of its own: train, approve, release, promote, roll back
	@$(RUN) local_aws.demo

local-down: setup ## destroy what the local AWS holds, prove it, stop it
	@$(RUN) local_aws.undeploy

##@ An environment
preflight: setup ## whether a deploy of ENV (dev) can go through: quotas, names, zones, permissions
	@$(RUN) operations.preflight -- "$$ENV"

deployer-policy: setup ## the IAM policy of who deploys ENV (dev)
	@$(RUN) operations.deployer_policy -- "$$ENV"

plan: setup ## what a deploy of ENV (dev) would change
	@$(RUN) operations.deploy --verb plan -- "$$ENV"

deploy: setup ## deploy ENV (dev); APPROVE=1: without asking; PREFLIGHT=0: without its preflight; MIGRATE_STATE=1
	@$(RUN) operations.deploy -- "$$ENV"

destroy: setup ## destroy ENV (dev); APPROVE=1: without asking; says what is protected and how to lift it
	@$(RUN) operations.deploy --verb destroy -- "$$ENV"

recover: setup ## prepare plain cdktf deploy of ENV (dev) to take over what exists and is not in the state
	@$(RUN) operations.recover -- "$$ENV"

state-bucket: setup ## make the S3 bucket for the Terraform state of ENV (dev)
	@$(RUN) operations.state_bucket -- "$$ENV"

status: setup ## which model serves where, in all environments; ENV: in one; JSON=1: for machines
	@$(RUN) operations.status --json="$$JSON" $(if $(ENV_TYPED),-- "$$ENV")

verify: setup ## ask SageMaker whether the endpoints of ENV (dev) serve what was deployed
	@$(RUN) operations.verify -- "$$ENV"

invoke: setup ## send rows to the endpoints of ENV (dev), print the answers; ENDPOINT, ROWS, CONTENT_TYPE: one, yours
	@$(RUN) operations.invoke --endpoint="$$ENDPOINT" --rows="$$ROWS" --content-type="$$CONTENT_TYPE" -- "$$ENV"

notebook: setup ## a URL that opens the notebook instance of ENV (dev)
	@$(RUN) operations.notebook -- "$$ENV"

notebook-restart: setup ## stop the notebook instance of ENV (dev) and start it, so that a changed script runs
	@$(RUN) operations.notebook_restart -- "$$ENV"

##@ A model's way
train: setup ## train a model in ENV (dev), follow it; TRAINING: which; EXECUTION: one that runs or has ended
	@$(RUN) operations.train --training="$$TRAINING" --execution="$$EXECUTION" -- "$$ENV"

models: setup ## the registered versions of the models that were trained in ENV (dev); TRAINING: of one training
	@$(RUN) operations.models --training="$$TRAINING" -- "$$ENV"

approve: setup ## approve the registered VERSION of ENV (dev); WHY: kept with it; TRAINING: where there are several
	@$(RUN) operations.approval --verb approve --training="$$TRAINING" --version="$$VERSION" --why="$$WHY" -- "$$ENV"

reject: setup ## reject the registered VERSION of ENV (dev); WHY, TRAINING
	@$(RUN) operations.approval --verb reject --training="$$TRAINING" --version="$$VERSION" --why="$$WHY" -- "$$ENV"

release: setup ## the newest approved version trained in ENV (dev) into releases.json; MODEL, ENDPOINT: which; DEPLOY=1
	@$(RUN) operations.release --model="$$MODEL" --endpoint="$$ENDPOINT" -- "$$ENV"

promote: setup ## the model that FROM serves on to TO: its shadow, then production; ENDPOINT, FORCE="reason", DEPLOY=1
	@$(RUN) operations.promote --source="$$FROM" --endpoint="$$ENDPOINT" --force="$$FORCE" -- "$$TO"

rollback: setup ## back to the previous model of ENV (dev), in releases.json; ENDPOINT, DEPLOY=1
	@$(RUN) operations.rollback --endpoint="$$ENDPOINT" -- "$$ENV"

##@ The project itself
test: setup policy/.venv/.ready ## run every test
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

faults: setup ## deploys that are killed, and an AWS that fails: most of an hour; writes the table in docs/resilience.md
	$(RUN) local_aws.trials.run

check: setup policy ## ruff, mypy --strict, shellcheck, and the policy gate
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/shellcheck lifecycle_scripts/*.sh .ci/run

policy: setup policy/.venv/.ready ## the policy gate: checkov on the synthesized JSON, a search for secrets
	$(RUN) policy.gate

format: setup ## let ruff format and fix what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

synth: setup ## cdktf synth: the Terraform JSON of the three stacks, in cdktf.out
	$(BIN)/cdktf synth

snapshots: setup docs ## rewrite what is generated from the environments: snapshots, docs
	$(BIN)/python -m pytest tests/test_snapshots.py --snapshot-update

settings: setup ## every setting of ENV (dev), and where its value comes from
	@$(RUN) operations.show_settings -- "$$ENV"

docs: setup ## rewrite what is generated in docs: settings, the deployer's policy, what is paid for
	@$(RUN) pages.settings_page
	@$(RUN) pages.first_deploy_page

bench: setup ## the synth benchmark: ratios, side by side in one run
	$(RUN) lazy_bindings.bench

artifacts: setup ## train and pack the models that the project ships
	$(RUN) models.artifacts

lock: $(PIPENV) ## resolve both Pipfiles and package.json anew
	$(PIPENV) lock
	PIPENV_PIPFILE=policy/Pipfile $(PIPENV) lock
	"$$PYTHON" -c 'import json, pathlib; \
	[(l := json.loads(p.read_text()), l["_meta"].update(sources=[]), \
	[v.pop("index", None) for k in ("default", "develop") for v in l[k].values()], \
	p.write_text(json.dumps(l, indent=4, sort_keys=True) + "\n")) \
	for p in map(pathlib.Path, ("Pipfile.lock", "policy/Pipfile.lock"))]'
	$(BIN)/npm install --package-lock-only

setup: node_modules/.ready ## install what the project needs, into the project

node_modules/.ready: package.json package-lock.json .npmrc .venv/.ready
	$(call step,3 of 3: the CDKTF command line from npm: a minute; 450 MB in node_modules,\
	  $(BIN)/npm ci --no-progress --loglevel=error)
	@printf '%s\n' '#!/bin/sh' 'bin=$$(CDPATH= cd -- "$$(dirname -- "$$0")" && pwd)' \
	  'PATH="$$bin:$$PATH" exec node "$$bin/../../node_modules/cdktf-cli/bundle/bin/cdktf" "$$@"' \
	  > $(BIN)/cdktf && chmod +x $(BIN)/cdktf
	@touch $@

.venv/.ready: Pipfile Pipfile.lock | $(PIPENV)
	@"$$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python is {sys.version.split()[0]}: must be >= 3.11: name one with PYTHON=...")'
	$(call step,1 of 3: the Python packages of Pipfile.lock from PyPI: some minutes; 1.6 GB in .venv,\
	  $(PIPENV) sync --dev --python "$$(command -v "$$PYTHON")")
	@# pip's own begins with the path of Python, which must have no space then.
	@printf '%s\n' '#!/bin/sh' 'exec "$$(dirname -- "$$0")/python" -P -m awscli "$$@"' > $(BIN)/aws && chmod +x $(BIN)/aws
	$(call step,2 of 3: the AWS bindings unpacked and indexed: half a minute; 450 MB in the cache of jsii,\
	  $(BIN)/python -m lazy_bindings.warm_up)
	@touch $@

policy/.venv/.ready: policy/Pipfile policy/Pipfile.lock .venv/.ready
	$(call step,the policy gate checkov from PyPI: a minute; 300 MB in policy/.venv,\
	  PIPENV_PIPFILE=policy/Pipfile $(PIPENV) sync --python "$$(command -v "$$PYTHON")")
	@touch $@

# pipenv itself, where the machine has none.
.local/pipenv/bin/pipenv:
	$(call step,pipenv from PyPI: seconds; 60 MB in .local/pipenv,\
	  "$$PYTHON" -m venv .local/pipenv && \
	  .local/pipenv/bin/pip install --quiet --disable-pip-version-check pipenv==2026.10.3)

pipenv: ;
