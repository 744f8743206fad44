# The project's commands. Every one prepares what it needs, and is quick when nothing changed.
PYTHON ?= python3
VENV := .venv/bin
PIN := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate
HASHED := --generate-hashes
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION := 1
# Reading aws-cdk-lib without its bytecode takes five seconds each time; all of it lands in this folder.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help prepare run up plan test types gauntlet apps browser bench synth assembly canary cost openapi schema released constraints clean

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

prepare:
	@command -v $(PYTHON) >/dev/null || { echo "prepare: Python 3.11 or newer is needed, and there is no '$(PYTHON)' on the PATH. Install it, then run again." >&2; exit 2; }
	@$(PYTHON) scripts/prepare.py

run: prepare ## release HEAD from source to prod on this machine
	@$(VENV)/python -m rehearsal run --approve --check "python -m integ.leftovers"

up: prepare ## release every new commit of this branch on this machine, with a page to see it on; Ctrl-C ends it
	@$(VENV)/python -m rehearsal up

plan: prepare ## show what the pipeline would run; runs nothing
	@$(VENV)/python -m rehearsal plan

test: prepare ## everything CI checks: style, types, that it synthesizes, unit and template tests
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs=2 types assembly
	$(VENV)/pytest -n logical --maxprocesses=4 --assembly=cdk.out --cov --cov-fail-under=95 --cov-report=term:skip-covered

types: prepare ## check types
	$(VENV)/mypy .

gauntlet: prepare ## release every bad release of integ/gauntlet: each must be stopped where it should be
	$(VENV)/pytest -s integ/gauntlet

openapi: prepare ## write the OpenAPI document of the API; what would break its callers is refused
	@$(VENV)/python -m service.api.openapi

apps: prepare ## release small apps of others: an agnostic one, two regions, a network, Node.js beside a sandbox, one in an `up`
	$(VENV)/pytest -s --no-cov tests/rehearsal/apps/releases.py tests/rehearsal/apps/up.py

browser: prepare ## use the page in Chromium as people do: by mouse, by keyboard, on a phone, in the dark, offline
	$(VENV)/pytest -s --no-cov tests/rehearsal/page/browser

bench: prepare ## measure the functions beside bare boto3: cold start, processor time, memory, size; never a test. Releases: docs/developing.md
	@$(VENV)/python -m bench $(ARGS)

synth: assembly ## write the cloud assembly to cdk.out; canaries that keep less than config.py promises are refused
	@$(VENV)/python -m scripts.canary --check cdk.out

assembly: prepare
	@rm -rf cdk.out # CDK leaves what an earlier synth wrote
	@PATH="$(CURDIR)/$(VENV):$$PATH" node_modules/.bin/cdk synth --quiet

canary: assembly ## how often the canaries stop a healthy release, and how small a fault they see
	@$(VENV)/python -m scripts.canary $(ARGS)

cost: assembly ## list prices of what is deployed, by the month and by the release
	@$(VENV)/python -m scripts.cost

schema: prepare ## write the JSON Schemas of the events and of the release evidence to docs
	@$(VENV)/python -m service.event_schema
	@$(VENV)/python -m pipeline.evidence.schema

released: prepare ## keep the domain code of COMMIT, which prod runs, for the tests that both versions understand each other
	@$(VENV)/python -m tests.compatibility.renew "$(COMMIT)"

constraints: prepare ## pin anew, with hashes, every package that is installed; after a change of requirements
	@$(PIN) $(HASHED) requirements-dev.txt -o constraints.txt
	@$(PIN) $(HASHED) integ/requirements.in -c constraints.txt -o integ/requirements.txt
	@$(PIN) $(HASHED) pipeline/evidence/requirements.in -c constraints.txt -o pipeline/evidence/requirements.txt
	@$(PIN) rehearsal/requirements.in -c constraints.txt -o rehearsal/requirements.txt

clean: ## remove all that the commands made in this folder
	rm -rf .venv node_modules cdk.out build rehearsal.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .prepare.lock .background
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
