#!/bin/sh
# Everything the two commands of the README need, and nothing the second time:
# Debian packages where they are missing, a virtual environment with locked versions, micronas itself.
#
#   tools/setup.sh [test]     "test" adds what only the tests need (clang and its sanitizer runtime, Chromium)
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }
have() { command -v "$1" >/dev/null 2>&1; }

# --- Debian packages --------------------------------------------------------------------------------

missing_packages=""
missing_tools=""
need() { # need TOOL PACKAGE...
    tool=$1; shift
    have "$tool" && return
    missing_tools="$missing_tools $tool"
    missing_packages="$missing_packages $*"
}

has_newlib() { have arm-none-eabi-gcc && [ -f "$(arm-none-eabi-gcc -print-file-name=libc.a)" ]; }

need arm-none-eabi-gcc gcc-arm-none-eabi
has_newlib || missing_packages="$missing_packages libnewlib-arm-none-eabi"
need qemu-system-arm qemu-system-arm
need gcc gcc libc6-dev
[ "${1:-}" != test ] || need clang clang libclang-rt-dev
[ "${1:-}" != test ] || have google-chrome || need chromium chromium

python=""
for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
    if [ -n "$candidate" ] && have "$candidate" &&
        "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || fail "Python 3.11 or later is not on PATH. Install it (Debian 12: apt-get install python3 python3-venv) or set PYTHON=/path/to/python3.11."
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    missing_tools="$missing_tools python3-venv"
    missing_packages="$missing_packages python3-venv"
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
install_packages() {
    have apt-get || return 1
    [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; } || return 1
    say "installing Debian packages:$missing_packages"
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of package names
    if as_root apt-get update -q >"$log" 2>&1 &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing_packages >>"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 5 "$log" >&2
    rm -f "$log"
    return 1
}

if [ -n "$missing_packages" ] && ! install_packages; then
    cat >&2 <<TXT
setup: missing:${missing_tools:-$missing_packages}
setup: get them with your package manager and run this again; what needs them fails with a message until then.
  Debian, Ubuntu   apt-get install$missing_packages      (as root)
  Fedora           dnf install arm-none-eabi-gcc-cs arm-none-eabi-newlib qemu-system-arm clang
  macOS            brew install --cask gcc-arm-embedded; brew install qemu
TXT
fi

# --- Python -----------------------------------------------------------------------------------------

stamp=.venv/.micronas-setup
want=$(cat requirements.txt pyproject.toml | cksum)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$want" ] || [ ! -x .venv/bin/micronas ]; then
    say "creating .venv with the versions of requirements.txt (about 3 GB, a few minutes)"
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install -qq --disable-pip-version-check -r requirements.txt
    .venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps -e .
    printf '%s' "$want" >"$stamp"
fi
