# Moodring. `make` lists the targets.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
PYTHON  ?= python3
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
MODULES := . dashgen/conform exporter/bench exporter/kubetest plugin/bench deploy/local deploy/translate

include Tools.mk

.PHONY: help build programs baselines runner stack downloads up demo drift test check bench exact mutants fuzz lint generate clean tools

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

build: programs runner ## Build the filter and the programs into bin/

# The compilers collect less garbage: a first build takes a fifth less time.
BUILD = GOGC=400 $(GO) build

programs:
	GOOS=wasip1 GOARCH=wasm $(BUILD) -buildmode=c-shared -ldflags '-s -w' -o bin/moodring.wasm ./plugin
	$(BUILD) -ldflags '$(LDFLAGS)' -o bin/ ./exporter ./dashgen ./modelserver

runner:
	cd deploy/local && $(BUILD) -ldflags '$(LDFLAGS)' -o ../../bin/local .

# What downloads goes on beside what compiles. The second step finds the
# standard library compiled by the first.
stack:
	@$(MAKE) --no-print-directory -j2 programs downloads
	@$(MAKE) --no-print-directory -j2 runner tools

downloads: $(PYPI)
	cd deploy/local && $(GO) list -deps . >/dev/null

up: stack ## Run the whole stack on this machine, until Ctrl-C
	bin/local up

demo: stack ## Run the stack once: send a corpus, check every count, exit 0 or 1
	bin/local demo

drift: stack ## Send a corpus, then with joy's share doubled: the alert on drift must fire then
	bin/local drift

# -count=1: Go's test cache does not see files outside a module.
test: stack browser ## Run every test
	$(GO) test ./...
	cd exporter/kubetest && GOGC=400 $(GO) test -count=1 ./...
	cd dashgen/conform && $(GO) test -count=1 ./...
	cd deploy/local && $(GO) test -count=1 ./...
	cd deploy/translate && $(GO) test -count=1 ./...

.PHONY: picture

# From the stack that make up runs, after some minutes of traffic.
picture: browser ## Draw README's picture, from the stack that make up runs
	@test -f .run/up.json || { echo 'make picture: run make up in another terminal first, and give it five minutes' >&2; exit 1; }
	bin/dashgen render --prometheus "$$(sed -n 's/.*"prometheus": "\(.*\)".*/\1/p' .run/up.json)" \
		--from now-5m --to now --width 1000 --height 680 -o docs/overview.png

check: lint generate ## Format, lint, and see that generated files are current
	@git diff --exit-code -- dashboards docs deploy/local/gateway.json deploy/local/gateway-seed.json || \
		{ echo 'make check: generated files were not current; they are now: commit them' >&2; exit 1; }

bench: build baselines $(PYPI) $(RIVALS) ## Run the benchmarks, and measure what filters and exporter cost
	bin/bench bin
	cd exporter/bench && $(GO) run .
	$(GO) test -run '^$$' -bench . -benchmem -count=6 ./contract ./plugin/... ./exporter/... ./modelserver/...

# What the filter is compared with, and the program that compares.
baselines:
	cd plugin/bench && for filter in noop straightforward calls; do \
		GOOS=wasip1 GOARCH=wasm $(BUILD) -buildmode=c-shared -ldflags '-s -w' -o ../../bin/$$filter.wasm ./$$filter; done
	cd plugin/bench && $(BUILD) -o ../../bin/bench .

mutants: ## Break every query, and rename every metric and label: all must be noticed
	$(GO) test -count=1 -v -run '^TestMutants$$' ./dashgen/internal/verify | grep -E 'caught|nobody|FAIL|^ok'
	cd dashgen/conform && $(GO) run ./mutants

.PHONY: profile

# Go takes plugin/default.pgo by itself (go.dev/doc/pgo).
profile: ## Record what the compiler makes fast in the filter
	$(GO) test -trimpath -run '^$$' -bench '^Benchmark(Reply|Batch)$$' -benchtime 10s -o bin/filter.test -cpuprofile bin/reply.prof ./plugin/internal/filter
	$(GO) tool pprof -proto bin/reply.prof > plugin/default.pgo

REPLIES ?= 100000
exact: $(PYPI) ## Hold Envoy's counters to REPLIES (100000) replies of all shapes
	$(GO) test -count=1 -timeout 30m -v -run TestEnvoyCountsExactly ./plugin -replies $(REPLIES)

FUZZTIME ?= 30s
fuzz: ## Run every fuzz test for FUZZTIME (30s)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -d' ' -f2); do \
			echo "$$dir $$name"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$dir; \
		done; done

lint: ## Format and lint
	for module in $(MODULES); do (cd $$module && $(GOLANGCI_LINT) fmt --diff && $(GOLANGCI_LINT) run) || exit 1; done

generate: build ## Write the dashboards and the generated documents
	bin/dashgen generate dashboards
	bin/dashgen metrics > docs/metrics.md
	bin/dashgen alerts > docs/alerts.md
	bin/dashgen lint --rules > docs/lint.md
	cd deploy/translate && $(GO) run . -manifests .. -o ../local/gateway.json && $(GO) run . -manifests ../seed -o ../local/gateway-seed.json

clean: ## Remove what was built; .tools stays
	rm -rf bin .run
