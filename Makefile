# What people type here. `make ci` is what must pass before a change lands.
GO ?= go
FUZZTIME ?= 30s

.PHONY: mailcheck htmlcheck mailfeatures assets build test test-all race lint drill fuzz bench golden screenshots ci

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

mailcheck:      ## what filters and readers make of a mail; wants SpamAssassin and mutt
	GO=$(GO) templates/check/mail.sh

htmlcheck:      ## public pages under the Nu HTML checker; wants npm, Java and curl
	GO=$(GO) templates/check/html.sh

mailfeatures:   ## what mail programs do not show of the themes; wants npm
	cd templates/check && npm ci --ignore-scripts --no-audit --no-fund && node features.mjs

golden:         ## refresh golden files; read the difference like code
	$(GO) test ./templates -update

screenshots:    ## pages of the administration as they look now; wants Chromium, Postfix and ImageMagick
	@rm -rf build/pictures && mkdir -p build/pictures docs/screenshots/admin
	POSTRIDER_PICTURES=$(CURDIR)/build/pictures $(GO) test -count=1 ./e2e -run TestTeamDoesTheMainJob
	@for f in build/pictures/*.1.png; do n=$$(basename $$f .1.png); \
		convert \( build/pictures/$$n.1.png build/pictures/$$n.2.png -resize 640x -crop 640x900+0+0 +repage \) \
			\( build/pictures/$$n.3.png build/pictures/$$n.4.png -resize 240x -crop 240x900+0+0 +repage \) \
			-background '#888' -gravity north +append -quality 45 docs/screenshots/admin/$$n.webp; done

ci:
	.ci/run
