# Every target but setup is an npm script of package.json; this file adds STACK, REVEAL and the install.
STACK ?= dev
REVEAL ?=
# A file for the JSON report of the tests, beside what they print (.ci/run sums these up).
REPORT ?=
export STACK REVEAL

run = npm run --silent
report = $(if $(REPORT),-- --reporter=default --reporter=json --outputFile.json=$(REPORT))

.DEFAULT_GOAL := help
.PHONY: help node_modules setup up preview down outputs verify render bench test check e2e golden

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10
	@echo 'STACK=<name> chooses the stack (default: dev); REVEAL=1 shows secrets in outputs and render.'

# npm writes .package-lock.json last, so a broken install is done again.
node_modules/.package-lock.json: package-lock.json
	@echo 'town-ator: installing the packages of package-lock.json (npm ci)'
	@npm ci --no-audit --no-fund
	@touch $@

node_modules: node_modules/.package-lock.json

setup: node_modules ## get Pulumi, Docker and the base images ready
	@npm exec --silent -- tsx tools/cli.ts prepare

up: node_modules ## deploy the stack, or bring it up to date
	@$(run) up

preview: node_modules ## show what `make up` would change
	@$(run) preview

down: node_modules ## remove the stack from its Docker host, except its identity
	@$(run) down

outputs: node_modules ## print the stack's outputs as JSON
	@$(run) outputs

verify: node_modules ## prove from the outside that the stack works
	@$(run) verify

render: node_modules ## print the files that would be deployed
	@$(run) render

bench: node_modules ## measure the stack
	@$(run) bench

test: node_modules ## unit tests and previews; needs neither Docker nor Pulumi
	@$(run) test $(report)

check: node_modules ## types, lint, format and tests
	@$(run) check $(if $(REPORT),-- $(report))

e2e: node_modules ## end-to-end tests on the real engine
	@$(run) e2e $(report)

golden: node_modules ## write the golden previews anew
	@$(run) golden
