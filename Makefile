# Every target but setup and those of identities is an npm script of package.json; this file adds STACK, REVEAL and the install.
STACK ?= dev
REVEAL ?=
REFRESH ?=
TOWN ?=
PEER ?=
NUMBER ?=
FILE ?=
RECIPIENT ?=
AGE_IDENTITY ?=
RETIRE ?=
# A file for the JSON report of the tests, beside what they print (.ci/run sums these up).
REPORT ?=
export STACK REVEAL REFRESH TOWN PEER NUMBER FILE RECIPIENT AGE_IDENTITY RETIRE

run = npm run --silent
# Not through npm and the launcher of tsx: their start costs a second.
cli = node --import tsx tools/cli.ts
report = $(if $(REPORT),-- --reporter=default --reporter=json --outputFile.json=$(REPORT))

.DEFAULT_GOAL := help
.PHONY: help node_modules setup up preview down outputs verify invite accept render bench test check e2e golden
.PHONY: identity-adopt identity-words identity-backup identity-restore identity-rotate
.PHONY: two-home-up two-home-verify two-home-down town-up-with-ator

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST)) | expand -t 19
	@echo 'STACK=<name> chooses the stack (default: dev); REVEAL=1 shows secrets in outputs and render;'
	@echo 'REFRESH=1 has up and preview read the true state of every resource first.'
	@echo 'TOWN=<name> and PEER=<nodeId> say whose invite, for invite and accept; TOWN=<name> whose identity.'
	@echo 'NUMBER=<n> says which identity to adopt; FILE=<path> which backup, RECIPIENT=age1... whom it is for,'
	@echo 'AGE_IDENTITY=<path> what opens it; RETIRE=<fingerprint> which address to give up for good.'

# On stderr: stdout is for what a target is asked to print. npm writes .package-lock.json last, so a broken install is done again.
node_modules/.package-lock.json: package-lock.json
	@echo 'town-ator: installing the packages of package-lock.json (npm ci)' >&2
	@npm ci --no-audit --no-fund >&2
	@touch $@

node_modules: node_modules/.package-lock.json

setup: node_modules ## get Pulumi, Docker and the base images ready
	@$(cli) prepare

up: node_modules ## deploy the stack, or bring it up to date
	@$(cli) up

preview: node_modules ## show what `make up` would change
	@$(cli) preview

down: node_modules ## remove the stack from its Docker host, except what it keeps
	@$(cli) down

outputs: node_modules ## print the stack's outputs as JSON
	@$(cli) outputs

verify: node_modules ## check the stack from outside
	@$(cli) verify

invite: node_modules ## print the invite that TOWN has for PEER
	@$(cli) invite

accept: node_modules ## take a peer's invite for TOWN from standard input
	@$(cli) accept

identity-adopt: node_modules ## take a key or the 24 words of TOWN's seed from standard input
	@$(cli) identity-adopt

identity-words: node_modules ## print TOWN's seed as 24 words, to write on paper
	@$(cli) identity-words

identity-backup: node_modules ## write all identities and secrets to FILE, encrypted
	@$(cli) identity-backup

identity-restore: node_modules ## bring those of the backup FILE into the stack's config
	@$(cli) identity-restore

identity-rotate: node_modules ## make the next step of TOWN's move to another address
	@$(cli) identity-rotate

# Recipes of their own, not `up` as a prerequisite: make would run that once for two stacks.
two-home-up two-home-verify two-home-down: override STACK = two-homes

two-home-up: node_modules ## deploy two towns that peer with each other
	@$(cli) up

two-home-verify: node_modules ## check the two towns from outside
	@$(cli) verify

two-home-down: node_modules ## remove the two towns
	@$(cli) down

town-up-with-ator: node_modules ## the reference's name for up: one town behind ATOR
	@$(cli) up

render: node_modules ## print the files that would be deployed
	@$(cli) render

bench: node_modules ## measure the stack; WHAT=previews: previews of 1, 10 and 100 towns
	@$(cli) bench

test: node_modules ## unit tests and previews; needs neither Docker nor Pulumi
	@$(run) test $(report)

check: node_modules ## types, lint, format and tests
	@$(run) check $(if $(REPORT),-- $(report))

e2e: node_modules ## end-to-end tests on the real engine
	@$(run) e2e $(report)

golden: node_modules ## rewrite the golden previews
	@$(run) golden
