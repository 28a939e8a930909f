# The commands are listed once, in tools/cli.ts: a goal without a rule here is one of them, even if there is a file of
# that name. Variables given to make (STACK, TOWN, REVEAL, ...) reach it through the environment.
# Not through npm and the launcher of tsx: their start costs a second.
cli = node --require ./tools/ts.cjs tools/cli.ts
# A file for the JSON report of the tests, beside what they print (.ci/run sums these up).
report = $(if $(REPORT),-- --reporter=default --reporter=json --outputFile.json=$(REPORT))

# What a test starts with `make` gets its variables from the test, not from the command line that started the tests.
unexport MAKEFLAGS

.DEFAULT_GOAL := help
own := node_modules two-home-up two-home-verify two-home-down town-up-with-ator test check e2e golden
commands := $(filter-out $(own) node_modules/%,$(or $(MAKECMDGOALS),help))
.PHONY: $(own) $(commands)

$(commands): node_modules
	@$(cli) $@

# On stderr: stdout is for what a command prints. npm writes .package-lock.json last, so a broken install is done again.
node_modules/.package-lock.json: package-lock.json
	@echo 'town-ator: installing the packages of package-lock.json (npm ci)' >&2
	@npm ci --no-audit --no-fund >&2
	@touch $@

node_modules: node_modules/.package-lock.json

two-home-up two-home-verify two-home-down: two-home-%: node_modules
	@STACK=two-homes $(cli) $*

town-up-with-ator: node_modules
	@$(cli) up

test e2e: node_modules
	@npm run --silent $@ $(report)

check: node_modules
	@npm run --silent check $(if $(REPORT),-- $(report))

golden: node_modules
	@npm run --silent golden
