# The two commands of the README, and what a developer types besides.

.DEFAULT_GOAL := help
.PHONY: help setup demo test format clean

help:
	@echo "make demo    search, quantize, build, run and measure a network for a NUCLEO-F446RE (in QEMU, no board needed)"
	@echo "make test    every test and check that CI runs"
	@echo "make setup   only what the two above do first: Debian packages, .venv, micronas"
	@echo "make format  let ruff format and sort"
	@echo "make clean   remove build output and caches; keeps .venv and runs/"

setup:
	@tools/setup.sh

demo:
	@tools/setup.sh
	@.venv/bin/micronas search search_configs/mnist5k.yaml --board nucleo_f446re

test:
	@tools/setup.sh test
	@tools/check.sh

format:
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

clean:
	rm -rf build .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache firmware/.pio
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
