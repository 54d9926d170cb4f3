# The commands of the README, and what a developer types besides.

.DEFAULT_GOAL := help
.PHONY: help setup demo quick test test-all fuzz format dist clean

help:
	@echo "make demo      search, quantize, build, run and measure a network for a NUCLEO-F446RE (in QEMU, no board needed)"
	@echo "make quick     lint, types and unit tests: about two minutes"
	@echo "make test      every test and check that CI runs"
	@echo "make test-all  the same, and the tests that take too long for CI"
	@echo "make fuzz      damaged bytes for the readers of models, frames, YAML and runs; one minute"
	@echo "make setup     only what the two above do first: Debian packages, .venv, micronas"
	@echo "make format    let ruff format and sort"
	@echo "make dist      build the wheel and the sdist into dist/ and check them"
	@echo "make clean     remove build output and caches; keeps .venv and runs/"

setup:
	@tools/setup.sh

demo:
	@tools/setup.sh
	@.venv/bin/micronas search search_configs/mnist5k.yaml --board nucleo_f446re

quick:
	@tools/setup.sh test
	@tools/check.sh quick

test:
	@tools/setup.sh test
	@tools/check.sh test

test-all:
	@tools/setup.sh test
	@tools/check.sh all

fuzz:
	@tools/setup.sh test
	@.venv/bin/python tools/fuzz.py --seconds 60

format:
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

dist:
	@tools/dist.sh

clean:
	rm -rf build dist fuzz-failures .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache firmware/.pio
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
