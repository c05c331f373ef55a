#!/bin/sh
# On a fresh minimal Debian 12: installs what the project needs, then shows it or tests it. As root, or through sudo.
set -eu

usage="usage: ./install/bootstrap.sh deps|demo [--ja]|test
  deps  installs what building and testing need (install/packages.txt)
  demo  deps, then the agent on an emulated bus: a readable account of each decision; exit status 0 when all held
        (in Japanese with --ja or LANG=ja_JP.UTF-8)
  test  deps, then lint, unit, integration and VM tests; the last line counts them"

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."

# The emulated bus and the VM's root disk need root: a mount namespace, files of many owners.
become_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || {
        echo "bootstrap: root is needed: run as root, or install sudo" >&2
        exit 1
    }
    exec sudo --preserve-env=LANG,LC_ALL,LC_MESSAGES -- "$here/bootstrap.sh" "$@"
}

missing_packages() {
    sed 's/#.*//; /^ *$/d' "$here/packages.txt" | while read -r package; do
        [ "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
    done
}

apt() {
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o APT::Color=0 "$@"
}

install_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # a list of words
    set -- $missing
    echo "# apt: the package lists"
    apt update
    echo "# apt: $# packages and what they need: $*"
    log=$(mktemp)
    apt install --yes --no-install-recommends "$@" >"$log" 2>&1 &
    shown=-1
    while kill -0 $! 2>/dev/null; do
        sleep 5
        count=$(grep -c '^Setting up' "$log" || :)
        [ "$count" = "$shown" ] || echo "  $count packages set up"
        shown=$count
    done
    wait $! || {
        tail -n 30 "$log" >&2
        exit 1
    }
    rm -f "$log"
}

deps() {
    install_packages
    missing=$(missing_packages)
    [ -z "$missing" ] || {
        echo "bootstrap: not installed: $missing" >&2
        exit 1
    }
}

demo() {
    exec tests/integration/demo.py "$@"
}

passed=0
failed=0

# run_part NAME COMMAND...: what it prints is shown as it comes; its closing "N passed, N failed" is added up. A part that could not
# run, or that fails without a failed test, counts as one.
run_part() {
    echo "# $1"
    shift
    began=$(date +%s)
    log=$(mktemp)
    status=$(mktemp)
    { "$@" 2>&1 && echo 0 >"$status" || echo 1 >"$status"; } | tee "$log"
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed.*/\1 \2/p' "$log" | tail -n 1)
    good=${counts% *}
    bad=${counts#* }
    if [ -z "$counts" ] || [ "$((good + bad))" -eq 0 ]; then
        good=0 bad=1
        echo "  this part could not run"
    elif [ "$(cat "$status")" != 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    echo "# $(($(date +%s) - began)) s"
    rm -f "$log" "$status"
}

# All parts run, whatever fails.
run_tests() {
    jobs=$(nproc)
    run_part "lint" make -j"$jobs" lint
    run_part "unit tests (ASan, UBSan)" make -j"$jobs" check
    run_part "integration tests on an emulated bus" make -j"$jobs" integration
    run_part "VM: real hot-plug, on the kernel's own word" make -j"$jobs" vm
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

case ${1:-} in
deps | demo | test)
    [ $# -eq 1 ] || [ "$1 $2" = "demo --ja" ] || {
        echo "$usage" >&2
        exit 2
    }
    become_root "$@"
    deps
    ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac

case $1 in
deps) ;;
demo)
    shift
    demo "$@"
    ;;
test) run_tests ;;
esac
