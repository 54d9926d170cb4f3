#!/bin/sh
# Builds sdist and wheel into dist/ and checks them: `make dist`. The tools go to an environment of their own,
# because twine brings many packages that micronas does not need.
set -eu
cd "$(dirname "$0")/.."

tools=.cache/dist-venv
if [ ! -x "$tools/bin/twine" ]; then
    python=.venv/bin/python
    [ -x "$python" ] || python=python3
    "$python" -m venv "$tools"
    "$tools/bin/python" -m pip install -qq --disable-pip-version-check "build>=1.2" "twine>=6"
fi

rm -rf build dist
"$tools/bin/python" -m build --outdir dist .
"$tools/bin/twine" check --strict dist/*
rm -rf build
printf '\n'
ls -l dist
