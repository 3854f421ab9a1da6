# Each target sets up what it needs in .venv, once; the second time that costs nothing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := help

PORT     ?= 8501
CACHE    ?= cache
WORKERS  ?= 2
# Empty: found by itself.
PYTHON   ?=
CHROMIUM ?=

# Threads that spin while they wait make everything else on the machine slow.
export OMP_WAIT_POLICY := passive

PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check

# A .venv is sound when no installation into it was cut short, its Python still starts, and it was
# not moved: .venv/.made holds the folder it was made in (one made by hand has no such file).
SOUND := $(shell [ ! -e .venv/.installing ] && .venv/bin/python -c 'import pip' 2>/dev/null \
           && [ "$$(cat .venv/.made 2>/dev/null || echo "$(CURDIR)")" = "$(CURDIR)" ] && echo yes)

.PHONY: help run test lint bench bench-full browser always

help:  ## Show this list
	@echo "GradSim: which languages help each other in multilingual training."
	@echo
	@sed -nE 's/^([a-z-]+):.*  ## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20
	@echo
	@echo "Settings: PORT=$(PORT) CACHE=$(CACHE) WORKERS=$(WORKERS) PYTHON=… CHROMIUM=…"
	@echo "For example: make run PORT=8600"

run: .venv/.run  ## Show the built-in study in the browser; prints the address
	@exec .venv/bin/gradsim dashboard --port "$(PORT)" --cache "$(CACHE)"

test: .venv/.test browser lint  ## Check style and types, then run all tests
	@export OMP_NUM_THREADS=1 CHROMIUM="$(CHROMIUM)"
	echo "Tests ($(WORKERS) at a time) …"
	.venv/bin/python -m pytest -n "$(WORKERS)" --dist loadfile

lint: .venv/.test  ## Check style and types
	@echo "Style and types …"
	.venv/bin/ruff check .
	.venv/bin/mypy

bench: .venv/.test .venv-peers  ## Measure against plain training, the usual way and peers: minutes
	@.venv/bin/python -m benchmarks.gradients --cases pretrained --rounds 3
	.venv/bin/python -m benchmarks.peers --runs 1
	.venv/bin/python -m benchmarks.growth --quick

bench-full: .venv/.test .venv-peers  ## The same with every model and size: hours
	@.venv/bin/python -m benchmarks.gradients --rounds 3
	for what in peers trials growth thousand memory sketches pages; do
	    echo "python -m benchmarks.$$what"
	    .venv/bin/python -m "benchmarks.$$what"
	done
	.venv/bin/python -m benchmarks.joining --newcomers nob,cat --every-step

# Packages to compare with, where nothing of the product finds them.
.venv-peers: requirements-peers.txt .venv/.test
	@$(PIP) --upgrade --no-deps --target $@ -r requirements-peers.txt
	touch $@

.venv/.made: $(if $(SOUND),,always)
	@if [ -n "$(SOUND)" ]; then echo "$(CURDIR)" > .venv/.made; exit 0; fi
	python=
	found=
	for name in $(or $(PYTHON),python3.11 python3); do
	    version="$$("$$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' \
	        2>/dev/null)" || continue
	    found="$$found$$name is $$version. "
	    if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	        python="$$name"
	        break
	    fi
	done
	if [ -z "$$python" ]; then
	    echo "GradSim needs Python 3.11 or newer. $${found:-None was found.}" >&2
	    echo "On Debian 12 or Ubuntu 24.04: sudo apt-get install -y python3 python3-venv" >&2
	    echo "Or name one: make run PYTHON=/path/to/python3.11" >&2
	    exit 1
	fi
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then
	    echo "$$python has no venv module. Install it, then run make again:" >&2
	    echo "  sudo apt-get update && sudo apt-get install -y python$$version-venv" >&2
	    exit 1
	fi
	if [ -e .venv ]; then echo "The folder .venv is incomplete or was moved: making it anew …"; fi
	rm -rf .venv
	echo "Making .venv with Python $$version …"
	"$$python" -m venv .venv
	echo "$(CURDIR)" > .venv/.made

.venv/.run: .venv/.made requirements.txt pyproject.toml
	@echo "Installing what GradSim needs (about 2 GB, a few minutes the first time) …"
	touch .venv/.installing
	$(PIP) -r requirements.txt
	rm .venv/.installing
	touch $@
	echo "Installed."

.venv/.test: .venv/.run requirements-dev.txt
	@echo "Installing what the tests need (about 200 MB) …"
	touch .venv/.installing
	$(PIP) -r requirements-dev.txt
	rm .venv/.installing
	touch $@
	echo "Installed."

# The browser tests drive the system's Chromium; fonts-noto-core shows the scripts of the languages.
browser:
	@found() {
	    for name in $(or $(CHROMIUM),chromium chromium-browser google-chrome); do
	        if "$$name" --version >/dev/null 2>&1; then return 0; fi
	    done
	    return 1
	}
	if found; then exit 0; fi
	packages="chromium fonts-noto-core"
	as_root=no
	if [ "$$(id -u)" = 0 ]; then as_root=; elif sudo -n true 2>/dev/null; then as_root=sudo; fi
	if [ -z "$(CHROMIUM)" ] && [ "$$as_root" != no ] && command -v apt-get >/dev/null; then
	    echo "Installing Chromium for the browser tests (about 400 MB) …"
	    $$as_root apt-get update -qq >/dev/null || true
	    $$as_root env DEBIAN_FRONTEND=noninteractive \
	        apt-get install -y -qq --no-install-recommends $$packages >/dev/null || true
	    if found; then exit 0; fi
	fi
	echo "The browser tests need Chromium or Google Chrome, and none starts here. Install one:" >&2
	echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends $$packages" >&2
	echo "or name one: make test CHROMIUM=/path/to/chrome" >&2
	exit 1
