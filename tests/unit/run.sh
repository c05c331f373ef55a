#!/bin/sh
# Runs unit-test programs one after the other: a line each, the whole output of one that fails, a closing count.
# A program that runs no test, skips one, leaks or hangs fails. UNIT_SECONDS bounds each (default 120).
set -u

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:strict_string_checks=1:detect_stack_use_after_return=1
export UBSAN_OPTIONS=print_stacktrace=1
export CMOCKA_MESSAGE_OUTPUT=STDOUT
output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0
failed=0
tests=0

# run PROGRAM: says why it failed, or nothing
why() {
    timeout "${UNIT_SECONDS:-120}" "$1" >"$output" 2>&1 </dev/null
    status=$?
    count=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$output" | awk '{ n += $1 } END { print n + 0 }')
    if [ $status -eq 124 ]; then
        echo "hangs"
    elif [ $status -ne 0 ]; then
        echo "exit status $status"
    elif grep -q '^\[  SKIPPED' "$output"; then
        echo "skips a test"
    elif [ "$count" -eq 0 ]; then
        echo "runs no test"
    fi
}

[ $# -gt 0 ] || { echo "no unit test is built"; exit 1; }
for program in "$@"; do
    name=$(basename "$program")
    fault=$(why "$program")
    if [ -z "$fault" ]; then
        count=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$output" | awk '{ n += $1 } END { print n + 0 }')
        printf '  ok       %s (%d)\n' "$name" "$count"
        passed=$((passed + 1))
        tests=$((tests + count))
    else
        sed 's/^/    /' "$output"
        printf '  FAILED   %s: %s\n' "$name" "$fault"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed (unit-test programs; $tests tests)"
[ $failed -eq 0 ]
