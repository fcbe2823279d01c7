# What people type here. `make ci` is what must pass before a change lands.
GO ?= go
FUZZTIME ?= 30s

.PHONY: assets build test test-all race lint drill fuzz bench golden ci

build:          ## the program, as ./postrider
	$(GO) build -o postrider ./cmd/postrider

test:           ## what needs Go and a C compiler only; the rest skips and says so
	$(GO) test ./...

test-all:       ## the same, where a missing PostgreSQL, Postfix or browser fails
	POSTRIDER_TEST_ALL=1 $(GO) test ./...

race:
	$(GO) test -race -short ./...

lint:           ## wants golangci-lint 2 in PATH
	golangci-lint run ./...

drill:          ## the long ones: kills, the whole tz database
	POSTRIDER_DRILL=1 $(GO) test -timeout 60m ./...

fuzz:           ## every fuzz target in turn, FUZZTIME each
	@set -e; for d in $$($(GO) list -f '{{.Dir}}' ./...); do \
		for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$d/*_test.go 2>/dev/null | cut -c6-); do \
			echo "$$d $$f"; $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$d; \
		done; done

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

assets:         ## what the pages load that others wrote, by its lock file; wants npm
	cd web/assets/src && npm ci --ignore-scripts --no-audit --no-fund
	cp web/assets/src/node_modules/htmx.org/dist/htmx.min.js web/assets/files/htmx.js

golden:         ## refresh golden files; read the difference like code
	$(GO) test ./templates -update

ci:
	.ci/run
