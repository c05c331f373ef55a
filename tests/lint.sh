#!/bin/sh
# make lint: every check by its name, all of them unless some are named. LINT_ROOT: the tree to look at (the self-test has its own);
# LINT_CFLAGS: how its C is compiled, from the Makefile. Ends in "N passed, N failed".
set -u

here=$(cd "$(dirname "$0")/lint" && pwd)
cd "${LINT_ROOT:-$here/../..}" || exit 1
[ -n "${LINT_CFLAGS:-}" ] || LINT_CFLAGS=$(env -u MAKEFLAGS -u MFLAGS make -s lint-flags) || exit 1
export LINT_CFLAGS

c_files() {
    find agent modules tests -name '*.[ch]' 2>/dev/null | sort
}

check_format() {
    c_files | xargs clang-format --dry-run -Werror
}

check_tidy() {
    python3 "$here/tidy.py"
}

check_cppcheck() {
    mkdir -p build/lint/cppcheck
    # shellcheck disable=SC2046 # no name here holds a blank
    cppcheck --quiet --error-exitcode=1 --enable=warning,performance,portability --inline-suppr --std=c11 -j "$(nproc)" \
        --cppcheck-build-dir=build/lint/cppcheck --suppressions-list="$here/cppcheck.txt" --library=posix \
        -D_GNU_SOURCE -DSEKISHO_VERSION='"0"' -Iagent -Imodules agent modules \
        $(find tests -name '*.c' -not -path 'tests/lint/*' | sort)
}

check_headers() {
    faults=0
    for header in $(c_files | grep '\.h$' | grep -v '^tests/lint/'); do
        eval "gcc $LINT_CFLAGS -Itests -fsyntax-only -x c '$header'" || faults=1
    done
    return $faults
}

check_shell() {
    files=$(grep -rIlE '^#!/bin/(ba|da)?sh|^#!/usr/bin/env (ba)?sh' --exclude-dir=build --exclude-dir=.git . | sort)
    # SC1091: what is sourced lies elsewhere once it is installed. SC2174: install -p -m makes one folder, its parent is there.
    # shellcheck disable=SC2086 # no name here holds a blank
    [ -z "$files" ] || shellcheck --severity=style --exclude=SC1091,SC2174 $files
}

check_python() {
    files=$(find . -name '*.py' -not -path './build/*' | sort)
    [ -z "$files" ] || { echo "$files" | PYTHONPYCACHEPREFIX=build/lint xargs python3 -m py_compile &&
        echo "$files" | xargs pyflakes3; }
}

check_includes() {
    python3 "$here/include_rules.py"
}

check_purity() {
    python3 "$here/purity.py"
}

check_shape() {
    python3 "$here/shape.py"
}

check_alone() {
    env -u MAKEFLAGS -u MFLAGS make -s -j "$(nproc)" alone
}

check_selftest() {
    "$here/selftest.sh"
}

passed=0
failed=0
[ $# -gt 0 ] || set -- format includes shape headers purity alone shell python cppcheck tidy selftest
for check in "$@"; do
    if "check_$check"; then
        printf '  ok       %s\n' "$check"
        passed=$((passed + 1))
    else
        printf '  FAILED   %s\n' "$check"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed (lint)"
[ $failed -eq 0 ]
