# Every target first sees to it that what it needs is there; nothing has to be installed by hand.
#
#   make demo     the whole story on this machine: gateway, sample back-ends, simulated reader (ARGS="--once" for one act)
#   make test     every test
#   make check    format, lints, documentation, licences and advisories
#   make bench    the tables of figures (several minutes)
#   make fuzz     every parser of outside bytes, FUZZ_SECONDS each

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: demo test check bench fuzz build setup setup-packages setup-rust setup-deny setup-vectors setup-npm

# One set of features everywhere, so that demo, test and check share what they compile.
WHOLE := --locked --workspace --all-features
TARGET = $(shell cargo metadata --no-deps --format-version 1 2>/dev/null | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')

# What Debian has to give: a C compiler and OpenSSL for passive authentication, PC/SC with a virtual reader, a software HSM with
# its tools, PostgreSQL, Redis, secret sharing for the key ceremony, a JWT library that is not ours, curl for the README.
PACKAGES := ca-certificates curl gcc libc6-dev libpcsclite-dev libssl-dev opensc openssl p11-kit p11-kit-modules pcscd pkg-config \
  postgresql python3-cryptography python3-jwt redis-server redis-tools softhsm2 ssss vsmartcard-vpcd
bench: PACKAGES += haproxy

# Proxies and JWT libraries that are not ours, for the interoperability tests.
test: PACKAGES += default-jdk-headless faketime golang-github-coreos-go-oidc-dev golang-go haproxy libjackson2-databind-java \
  nginx-light python3-authlib python3-requests

# The public test suite of path validation comes from PyPI.
test setup-vectors: PACKAGES += python3 $(if $(shell python3 -m pip --version 2>/dev/null),,python3-pip)

# Clients that are not ours come from npm. The commands count, not the packages: Node.js from elsewhere brings its own npm.
test setup-npm: PACKAGES += $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)

DENY_VERSION := 0.20.2
FUZZ_SECONDS ?= 60
ARGS ?=

demo: build
	@exec '$(TARGET)/debug/bawaba' demo $(ARGS)

build: setup
	@cargo build $(WHOLE) --bins

test: setup setup-vectors setup-npm
	cargo build $(WHOLE) --bins --tests
	cargo test $(WHOLE)

check: setup setup-deny
	cargo fmt --all --check
	cargo fmt --manifest-path tests/fuzz/Cargo.toml --check
	cargo clippy $(WHOLE) --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc $(WHOLE) --no-deps
	'$(TARGET)/tools/bin/cargo-deny' --log-level error --all-features check bans licenses sources
	@if timeout 120 '$(TARGET)/tools/bin/cargo-deny' --log-level off fetch db 2>/dev/null; then \
	  '$(TARGET)/tools/bin/cargo-deny' --all-features check --disable-fetch advisories; \
	else \
	  echo 'advisories: NOT CHECKED, the advisory database cannot be reached from here'; \
	fi

bench: setup
	cargo build $(WHOLE) --release --bins
	cargo bench $(WHOLE) --bench table

# Stable Rust has no -Zsanitizer: coverage alone comes from these flags, and libFuzzer is linked by its crate.
SANCOV := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
  -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing
HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_TARGETS = $(basename $(notdir $(wildcard tests/fuzz/targets/*.rs)))

# The fuzz workspace builds what the product builds: its lock file is the root's, with libFuzzer added.
fuzz: setup
	cp Cargo.lock tests/fuzz/Cargo.lock
	cd tests/fuzz && CARGO_TARGET_DIR='$(TARGET)/fuzz' RUSTFLAGS='$(SANCOV)' cargo build --release --target $(HOST)
	FUZZ_CORPUS="$$PWD/tests/fuzz/corpus" cargo test --quiet $(WHOLE) --test it -- sound_bytes
	cd tests/fuzz && failed=''; for name in $(FUZZ_TARGETS); do \
	  mkdir -p corpus/$$name artifacts/$$name; \
	  echo "== $$name, $(FUZZ_SECONDS) s"; \
	  '$(TARGET)/fuzz/$(HOST)/release/'$$name corpus/$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix=artifacts/$$name/ -print_final_stats=1 2>&1 | tail -n 12 || failed="$$failed $$name"; \
	done; [ -z "$$failed" ] || { echo "found something:$$failed, see tests/fuzz/artifacts" >&2; exit 1; }

setup: setup-packages setup-rust

# Silent and off-line when nothing is missing.
setup-packages:
	@command -v dpkg-query >/dev/null || { echo 'not Debian: PC/SC, OpenSSL and a C compiler are taken to be there' >&2; exit 0; }; \
	missing=''; for package in $(PACKAGES); do \
	  [ "$$(dpkg-query -W -f '$${db:Status-Status}' "$$package" 2>/dev/null)" = installed ] || missing="$$missing $$package"; \
	done; \
	[ -n "$$missing" ] || exit 0; \
	if [ "$$(id -u)" = 0 ]; then root=''; \
	elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then root='sudo'; \
	else \
	  echo 'Debian packages are missing. As root, run this line, then make again:' >&2; \
	  echo "  apt-get update && apt-get install -y --no-install-recommends$$missing" >&2; \
	  exit 1; \
	fi; \
	echo "installing:$$missing"; \
	install() { \
	  $$root env TMPDIR=/tmp DEBIAN_FRONTEND=noninteractive apt-get update -q && \
	  $$root env TMPDIR=/tmp DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	}; \
	install || { echo 'once more, in case it was the network' >&2; sleep 5; install; }

setup-rust:
	@command -v cargo >/dev/null || { echo 'Rust is missing: install it with rustup, then make again.' >&2; exit 1; }
	@{ cargo fmt --version && cargo clippy --version; } >/dev/null 2>&1 || rustup component add rustfmt clippy

# NIST PKITS, from the test data of Python's `cryptography`. Without it that one test says that it was skipped.
VECTORS := cryptography_vectors==50.0.2
setup-vectors: setup
	@folder='$(TARGET)/vectors'; if [ ! -d "$$folder/PKITS_data" ]; then \
	  mkdir -p "$$folder/wheel"; \
	  if python3 -m pip download --quiet --disable-pip-version-check --retries 1 --timeout 20 --no-deps --dest "$$folder/wheel" '$(VECTORS)'; then \
	    python3 -m zipfile -e "$$folder"/wheel/*.whl "$$folder/wheel/out"; \
	    mv "$$folder/wheel/out/cryptography_vectors/x509/PKITS_data" "$$folder/"; \
	  else \
	    echo 'NIST PKITS: PyPI cannot be reached from here, its test will be skipped' >&2; \
	  fi; \
	  rm -rf "$$folder/wheel"; \
	fi

# An OAuth client and a JOSE library that are not ours, without their install scripts. Without npm's registry their tests say that
# they were skipped. Debian 12's Node.js 18 runs them with --experimental-global-webcrypto, which later ones accept.
NPM := openid-client@6.8.9 oauth4webapi@3.8.8 jose@6.2.17
setup-npm: setup
	@folder='$(TARGET)/npm'; if [ "$$(cat "$$folder/.installed" 2>/dev/null)" != '$(NPM)' ]; then \
	  rm -rf "$$folder"; mkdir -p "$$folder"; \
	  if npm install --prefix "$$folder" --no-save --ignore-scripts --no-audit --no-fund --loglevel error --fetch-retries 1 --fetch-timeout 20000 $(NPM) >/dev/null; then \
	    echo '$(NPM)' > "$$folder/.installed"; \
	  else \
	    echo 'npm: its registry cannot be reached from here, the tests with openid-client and jose will be skipped' >&2; \
	  fi; \
	fi

# Built without optimisation: it runs for two seconds and would take minutes to optimise.
setup-deny: setup
	@[ "$$('$(TARGET)/tools/bin/cargo-deny' --version 2>/dev/null)" = 'cargo-deny $(DENY_VERSION)' ] || \
	  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR='$(TARGET)/tools/build' \
	  cargo install --quiet --locked --debug --root '$(TARGET)/tools' cargo-deny@$(DENY_VERSION)
	@rm -rf '$(TARGET)/tools/build'
