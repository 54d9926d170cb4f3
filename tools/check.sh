#!/bin/sh
# Checks and tests. `make` sets the machine up first. Further arguments go to pytest.
#
#   tools/check.sh quick    ruff, mypy, import contract, and unit tests: no training, no emulator
#   tools/check.sh test     what CI runs: the same checks, and every test that is not marked exhaustive
#   tools/check.sh all      everything
set -eu
cd "$(dirname "$0")/.."
bin=${MICRONAS_BIN:-.venv/bin}
which=${1:-test}
[ $# -eq 0 ] || shift

# Whole folders, so that a new test of one of these packages is in at once.
quick_folders="tests/board tests/codegen tests/compare tests/config tests/docs tests/latency tests/memory
    tests/model tests/report tests/space tests/tools tests/test_layout.py tests/test_plural.py"

case $which in
quick) folders=$quick_folders select="not slow and not emulator and not exhaustive" ;;
test) folders="" select="not exhaustive" ;;
all) folders="" select="" ;;
*)
    printf 'tools/check.sh: unknown choice "%s"; say quick, test or all\n' "$which" >&2
    exit 2
    ;;
esac

step() { printf '\n== %s\n' "$*"; }

step "ruff (lint and format)"
"$bin/ruff" check .
"$bin/ruff" format --check .

# mypy uses one core for a minute: it and the import contract run beside the tests, and print when they end.
types_and_imports() {
    output=$("$bin/mypy" 2>&1 && "$bin/lint-imports" 2>&1) && code=0 || code=$?
    step "mypy --strict, import-linter"
    printf '%s\n' "$output"
    return "$code"
}
types_and_imports &
static=$!
trap 'kill "$static" 2>/dev/null' INT TERM

# The tests start Python some hundred times, which is a third slower without byte code.
unset PYTHONDONTWRITEBYTECODE
step "pytest${select:+ ($select)}"
failed=""
# shellcheck disable=SC2086 # a list of folders
"$bin/python" -m pytest -q -n "${MICRONAS_TEST_WORKERS:-2}" --dist loadfile --no-loadscope-reorder \
    -m "$select" "$@" $folders || failed="pytest"
wait "$static" || failed="$failed mypy or import-linter"
[ -z "$failed" ] || { printf '\nfailed: %s (see above)\n' "$failed" >&2; exit 1; }
