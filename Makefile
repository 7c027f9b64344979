# What a person or CI does with this project. Needs build-essential, python3-venv and rustup; the rest comes from here.

.DEFAULT_GOAL := help
.PHONY: help setup plugins build demo test vectors bench fuzz lint audit clean
SHELL := /bin/bash

CARGO ?= cargo
WASM := wasm32-wasip2
PLUGINS := mysql maxcompute
PLUGIN_PACKAGES := $(PLUGINS:%=-p cdc-plugin-%)
EXAMPLE_PACKAGES := -p journal-sink
PYTHON = $(shell tests/services/python.sh)
FUZZ_TARGETS := $(patsubst tests/fuzz/targets/%.rs,%,$(wildcard tests/fuzz/targets/*.rs))
FUZZ_MANIFEST := tests/fuzz/Cargo.toml
SHELL_SCRIPTS = tests/fuzz/run.sh tests/services/mysql.sh tests/services/mariadb.sh tests/services/python.sh tests/services/sysbench.sh examples/shop/demo.sh .ci/run

DENY_VERSION := 0.20.2
DENY := .cache/tools/cargo-deny-$(DENY_VERSION)/bin/cargo-deny

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: ## the toolchain of rust-toolchain.toml, a private MySQL and Python packages, once; needs the network
	@rustc --version && test -d "$$(rustc --print target-libdir --target $(WASM))" || rustup toolchain install
	tests/services/mysql.sh install
	tests/services/sysbench.sh install
	tests/services/python.sh

plugins: ## the components, as target/plugins/*.wasm
	$(CARGO) build --profile plugin --target $(WASM) $(PLUGIN_PACKAGES)
	mkdir -p target/plugins
	for p in $(PLUGINS); do install -m 644 target/$(WASM)/plugin/cdc_plugin_$$p.wasm target/plugins/$$p.wasm; done

build: plugins ## the components, the host and the emulator
	$(CARGO) build --release -p cdc-host -p maxcompute-emulator

demo: setup build ## MySQL to an emulated MaxCompute, with changes under way, compared at the end
	examples/shop/demo.sh

# The comparers are tried on the emulator that the first line built.
test: setup ## every test
	$(CARGO) test --workspace
	MAXCOMPUTE_EMULATOR=target/debug/maxcompute-emulator $(PYTHON) -m pytest tests/compare tests/services

# Tests run in their packages' directories.
ifdef CDC_VECTORS
override CDC_VECTORS := $(abspath $(CDC_VECTORS))
export CDC_VECTORS
endif

vectors: ## MaxCompute's signatures, records and hashes alone, those of CDC_VECTORS=DIRECTORY if it is given
	$(CARGO) test -p maxcompute-emulator --test vectors
	$(CARGO) test -p cdc-plugin-maxcompute --test it vector
	$(CARGO) test -p cdc-host --test maxcompute_vectors

# A target directory of its own: a plugin built as another one's library has no exports, under the same file name.
bench: setup ## benchmarks, each as a ratio to a baseline of the same run
	$(CARGO) build --profile plugin --target-dir target/workload --target $(WASM) -p bench-plugin --lib
	$(CARGO) build --profile plugin --target-dir target/workload -p bench-plugin --bin workload
	$(CARGO) bench --workspace --bench '*'

fuzz: ## every parser of foreign bytes, 10 minutes each; FUZZ_SECONDS=60 and FUZZ_TARGETS="mysql_ddl" choose
	CARGO=$(CARGO) PYTHON=$(PYTHON) tests/fuzz/run.sh $(FUZZ_TARGETS)

lint: setup $(DENY) ## formats, clippy, docs, licenses and sources of dependencies, Python and shell
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) clippy --target $(WASM) $(PLUGIN_PACKAGES) $(EXAMPLE_PACKAGES) -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps
	$(DENY) check --hide-inclusion-graph licenses bans sources
	$(CARGO) fmt --manifest-path $(FUZZ_MANIFEST) --check
	$(CARGO) clippy --manifest-path $(FUZZ_MANIFEST) --target-dir target --locked --all-targets -- -D warnings
	$(DENY) --manifest-path $(FUZZ_MANIFEST) --config deny.toml check --hide-inclusion-graph -A license-not-encountered licenses bans sources
	$(PYTHON) -m ruff format --check tests examples host/benches
	$(PYTHON) -m ruff check tests examples host/benches
	$(dir $(PYTHON))shellcheck -x $(SHELL_SCRIPTS)

audit: $(DENY) ## security advisories of dependencies; needs to reach the RustSec database on GitHub
	$(DENY) check advisories

clean: ## everything that is built; .cache keeps what was downloaded
	$(CARGO) clean

# Unoptimised: it runs for seconds, and an optimised build of it takes minutes.
$(DENY):
	CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
	CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
	$(CARGO) install --quiet --locked --version $(DENY_VERSION) --root $(@D)/.. cargo-deny
