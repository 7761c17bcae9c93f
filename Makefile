# `make` lists the targets. Tools.mk installs the programs that some of them run.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO      ?= go
PYTHON  ?= python3
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
MODULES := . dashgen/conform exporter/bench exporter/kubetest plugin/bench deploy/cluster deploy/images deploy/licenses deploy/local deploy/release deploy/translate

include Tools.mk

.PHONY: help build install images release filter programs local stack downloads up demo drift soak cluster cluster-program test test-cluster picture check bench bench-peers overload \
	baselines mutants profile exact fuzz lint generate clean tools browser clients uplot

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: filter programs local ## Build the filter and all programs into bin/

# GOGC=400 lets the compiler collect less garbage. A first build takes a fifth
# less time.
BUILD = GOGC=400 $(GO) build

filter:
	GOOS=wasip1 GOARCH=wasm $(BUILD) -trimpath -buildmode=c-shared -ldflags '-s -w' -o bin/moodring.wasm ./plugin

programs:
	$(BUILD) -ldflags '$(LDFLAGS)' -o bin/ ./exporter ./dashgen ./modelserver

# The local stack and its rate limit service, which share most libraries.
local:
	cd deploy/local && $(BUILD) -ldflags '$(LDFLAGS)' -o ../../bin/ . ./ratelimit

# Downloads run while the filter and the programs compile, which share no
# packages: the filter is for another platform. The second step reuses the
# packages that the first step compiled.
stack:
	@$(MAKE) --no-print-directory -j3 filter programs downloads
	@$(MAKE) --no-print-directory local

downloads: $(PYPI)
	cd deploy/local && $(GO) list -deps . ./ratelimit >/dev/null

up: stack ## Run the local stack until Ctrl-C
	bin/local up

demo: stack ## Run the local stack once: send a corpus and check every count
	bin/local demo

drift: stack ## Check that the drift alert fires when the share of a label doubles
	bin/local drift

SOAK_DURATION ?= 2m
soak: stack ## Inject faults for SOAK_DURATION (2m), and check all counts after each; SOAK_SEED repeats a run
	cd deploy/local && $(BUILD) -ldflags '$(LDFLAGS)' -o ../../bin/ ./soak
	bin/soak -duration $(SOAK_DURATION) $(if $(SOAK_SEED),-seed $(SOAK_SEED))

PREFIX ?= /usr/local
install: filter programs third-party ## Install the exporter, dashgen and the filter into PREFIX (/usr/local)
	.ci/install bin '$(DESTDIR)$(PREFIX)'

# The cluster needs root, and for its images the same files as make images.
cluster: cluster-program ## Run a Kubernetes with Istio, Knative, KServe and the demo until Ctrl-C; as root
	bin/cluster up

# bin/cluster builds the programs that the tests of a node run.
test-cluster: cluster-program ## Run the commands of docs/walkthrough.md and of the original demo on a Kubernetes; as root
	bin/cluster test walkthrough seed
	cd deploy/cluster && $(GO) test -count=1 ./internal/node

cluster-program: stack
	@$(MAKE) --no-print-directory images PLATFORMS=linux/amd64 REGISTRY=
	cd deploy/release && $(BUILD) -o ../../bin/release-writer .
	cd deploy/cluster && CGO_ENABLED=0 $(BUILD) -ldflags '-s -w' -o ../../bin/cluster .

PROGRAMS := ./exporter ./dashgen ./modelserver ./plugin

# The licenses of the linked modules, which go with every copy of the programs.
.PHONY: third-party
third-party:
	mkdir -p bin
	cd deploy/licenses && $(BUILD) -o ../../bin/licenses .
	bin/licenses -texts $(PROGRAMS) > bin/third-party-licenses.txt

PLATFORMS ?= linux/amd64 linux/arm64
comma := ,
space := $(subst ,, )

# The time of creation is the commit's, so that a commit has the same digests on
# every machine.
images: .tools/venv/zig third-party ## Write the container images into bin/images, or push them to REGISTRY=HOST/OWNER
	GOGC=400 deploy/images/stage.sh bin/stage '$(VERSION)' .tools $(PLATFORMS)
	cd deploy/images && $(BUILD) -o ../../bin/image-writer .
	bin/image-writer --version '$(VERSION)' --revision "$$(git rev-parse HEAD)" --created "$$(git log -1 --format=%ct)" \
		--platforms $(subst $(space),$(comma),$(strip $(PLATFORMS))) $(if $(REGISTRY),--registry '$(REGISTRY)')

# The images are written, not pushed: `make images` pushes the same digests.
release: ## Write a release's files into bin/release: VERSION=0.1.0 REGISTRY=HOST/OWNER; PUSH=1 pushes the Helm chart
	@test -n '$(REGISTRY)' || { echo 'make release: name the images: REGISTRY=HOST/OWNER' >&2; exit 2; }
	$(MAKE) --no-print-directory images REGISTRY=
	for arch in amd64 arm64; do CGO_ENABLED=0 GOOS=darwin GOARCH=$$arch $(BUILD) -trimpath -ldflags '$(LDFLAGS)' \
		-o bin/stage/darwin-$$arch/ ./exporter ./dashgen; done
	cd deploy/release && $(BUILD) -o ../../bin/release-writer .
	bin/release-writer --version '$(VERSION)' --registry '$(REGISTRY)' --created "$$(git log -1 --format=%ct)" $(if $(PUSH),--push)

# -count=1, because Go's test cache does not notice changes outside a module. The
# node's tests need root and the cluster's programs: make test-cluster.
test: stack browser clients .tools/venv/openmetrics ## Run all tests except those of the cluster
	$(GO) test -timeout 30m ./...
	cd exporter/kubetest && GOGC=400 $(GO) test -count=1 ./...
	cd dashgen/conform && $(GO) test -count=1 ./...
	cd deploy/cluster && $(GO) test -count=1 $$($(GO) list ./... | grep -v internal/node)
	cd deploy/images && $(GO) test -count=1 ./...
	cd deploy/licenses && $(GO) test -count=1 ./...
	cd deploy/local && $(GO) test -count=1 ./...
	cd deploy/release && $(GO) test -count=1 ./...
	cd deploy/translate && $(GO) test -count=1 ./...

picture: browser ## Draw the picture in README from a stack that make up runs
	@test -f .run/up.json || { echo 'make picture: run make up in another terminal first, and give it five minutes' >&2; exit 1; }
	bin/dashgen render --prometheus "$$(sed -n 's/.*"prometheus": "\(.*\)".*/\1/p' .run/up.json)" \
		--from now-5m --to now --width 1000 --height 900 -o docs/overview.png

check: lint vulnerabilities generate ## Lint, look for known vulnerabilities, and check that the generated files are up to date
	@git diff --exit-code -- RATIONALE.md dashboards docs deploy/kiali deploy/local/gateway.json deploy/local/gateway-seed.json deploy/rules || \
		{ echo 'make check: generated files were out of date and have been written again; commit them' >&2; exit 1; }

bench: build baselines clients .tools/pipeline $(PYPI) $(RIVALS) ## Run the benchmarks, and compare the filter, the exporter and the model server with others
	bin/bench bin
	cd exporter/bench && $(GO) run .
	$(GO) run ./modelserver/bench compare $(MODELSERVER) .tools/clients/bin/python .tools/pipeline/bin/python
	$(GO) test -run '^$$' -bench . -benchmem -count=6 ./contract ./plugin/... ./exporter/... ./modelserver/...

# Thirteen minutes on two cores. The machine should have nothing else to do.
bench-peers: stack baselines ## Compare Moodring with a filter that buffers, and with payload logging, and write docs/benchmarks.md
	cd deploy/local && $(BUILD) -ldflags '$(LDFLAGS)' -o ../../bin/ ./peers
	bin/peers -o docs/benchmarks.md

MODELSERVER = bin/modelserver modelserver/models/bert-emotion-model $(or $(ONNXRUNTIME_LIB),.tools/lib/libonnxruntime.so)
OVERLOAD ?= 10m
overload: programs $(PYPI) ## Send the model server twice the calls that it can answer, for OVERLOAD (10m)
	$(GO) run ./modelserver/bench overload $(MODELSERVER) $(OVERLOAD)

# The filters that Moodring is compared with, and the program that measures them.
baselines:
	cd plugin/bench && for filter in noop straightforward calls; do \
		GOOS=wasip1 GOARCH=wasm $(BUILD) -buildmode=c-shared -ldflags '-s -w' -o ../../bin/$$filter.wasm ./$$filter; done
	cd plugin/bench && $(BUILD) -o ../../bin/bench .

mutants: ## Check that tests notice every broken query and every renamed metric or label
	$(GO) test -count=1 -v -run '^TestMutants$$' ./dashgen/internal/verify | grep -vE '^(=== RUN|--- PASS|PASS)'
	cd dashgen/conform && $(GO) run ./mutants

# The compiler reads plugin/default.pgo by default (go.dev/doc/pgo).
profile: ## Record the profile that the compiler optimises the filter with
	mkdir -p bin
	$(GO) test -trimpath -run '^$$' -bench '^Benchmark(Reply|Batch)$$' -benchtime 10s -o bin/filter.test -cpuprofile bin/reply.prof ./plugin/internal/filter
	$(GO) tool pprof -proto bin/reply.prof > bin/default.pgo
	mv bin/default.pgo plugin/default.pgo

REPLIES ?= 100000
exact: $(PYPI) ## Check Envoy's counters exactly, after REPLIES (100000) replies
	$(GO) test -count=1 -timeout 30m -v -run TestEnvoyCountsExactly ./plugin -replies $(REPLIES)

FUZZTIME ?= 30s
fuzz: ## Run every fuzz test for FUZZTIME (30s)
	@grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r dir; do \
		for name in $$(grep -hoE '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -d' ' -f2); do \
			echo "$$dir $$name"; $(GO) test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$dir; \
		done; done

lint: ## Check the format, and lint
	for module in $(MODULES); do (cd $$module && $(GOLANGCI_LINT) fmt --diff && $(GOLANGCI_LINT) run) || exit 1; done

.PHONY: vulnerabilities
vulnerabilities:
	.ci/vulnerabilities contract . deploy/local

generate: build ## Write the dashboards and the generated documents
	bin/dashgen generate dashboards
	cp dashboards/prometheus-operator.yaml deploy/rules/prometheus-rule.yaml
	{ printf 'apiVersion: kiali.io/v1alpha1\nkind: Kiali\nmetadata:\n  name: kiali\nspec:\n'; sed 's/^/  /' dashboards/kiali.yaml; } > deploy/kiali/kiali.yaml
	bin/dashgen metrics > docs/metrics.md
	bin/dashgen alerts > docs/alerts.md
	bin/dashgen lint --rules > docs/lint.md
	.ci/questions > RATIONALE.md
	cd deploy/licenses && $(BUILD) -o ../../bin/licenses .
	bin/licenses $(PROGRAMS) > docs/third-party.md
	cd deploy/translate && $(GO) run . -manifests .. -o ../local/gateway.json && $(GO) run . -manifests ../seed -o ../local/gateway-seed.json && \
		$(GO) run . -both-passes -manifests testdata/owners -o ../../plugin/testdata/istio/owners.json

clean: ## Remove build output, but not .tools/
	rm -rf bin .run
