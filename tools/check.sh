#!/bin/sh
# All tests and checks: what CI runs is what you run. `make test` sets the machine up first.
set -eu
cd "$(dirname "$0")/.."
bin=${MICRONAS_BIN:-.venv/bin}

step() { printf '\n== %s\n' "$*"; }

step "ruff (lint and format)"
"$bin/ruff" check .
"$bin/ruff" format --check .
step "mypy --strict"
"$bin/mypy"
step "import-linter"
"$bin/lint-imports"
step "pytest (host C tests with sanitizers and the emulator tests are among them)"
exec "$bin/python" -m pytest -q -n "${MICRONAS_TEST_WORKERS:-2}" --dist loadfile "$@"
