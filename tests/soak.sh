#!/bin/sh
# make soak: what is found by trying long rather than by thinking. Every part runs for its share of SOAK_SECONDS (default 900), prints
# how many trials it did, and fails when it could not run or did none. Ends in "N passed, N failed".
set -u

: "${SOAK_SECONDS:=900}"
output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0
failed=0

# share PERCENT
share() {
    echo $((SOAK_SECONDS * $1 / 100 > 0 ? SOAK_SECONDS * $1 / 100 : 1))
}

# part NAME PATTERN COMMAND...: passes when the command does and a line of its output matches PATTERN, which says how many trials
# there were: more than none.
part() {
    name=$1
    pattern=$2
    shift 2
    printf '# %s\n' "$name"
    began=$(date +%s)
    "$@" >"$output" 2>&1 </dev/null
    status=$?
    if [ $status -eq 0 ] && grep -Eq "$pattern" "$output"; then
        grep -E "$pattern" "$output" | sed 's/^ */  /'
        printf '  ok       %s, %d s\n' "$name" $(($(date +%s) - began))
        passed=$((passed + 1))
    else
        tail -60 "$output" | sed 's/^/    /'
        printf '  FAILED   %s: exit status %d\n' "$name" $status
        failed=$((failed + 1))
    fi
}

some='[1-9][0-9]*'
part "fuzzers" "fuzz_\w+ \($some inputs\)" make -s fuzz FUZZ_SECONDS="$(($(share 25) / 5 > 0 ? $(share 25) / 5 : 1))"
part "power cuts in the store" "^power_cut: $some trials" build/sanitize/tests/soak/power_cut --seconds "$(share 15)"
part "spool corrupted at random" "^spool_corruption: $some trials" \
    build/sanitize/tests/soak/spool_corruption --seconds "$(share 10)"
part "the recording process killed at random" "^killed: $some trials" \
    build/sanitize/tests/soak/killed --seconds "$(share 10)"
part "virtual machines whose power is cut" "^power: $some trials" python3 tests/vm/power.py --seconds "$(share 40)"
echo "$passed passed, $failed failed (soak, $SOAK_SECONDS s)"
[ $failed -eq 0 ]
