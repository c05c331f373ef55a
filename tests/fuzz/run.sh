#!/bin/sh
# Runs fuzzers one after the other: FUZZ_SECONDS of new inputs each, or with 0 (the default) the committed corpus alone. What
# crashes, leaks, hangs or grows too large fails, and the input stays in build/fuzz/found/. Ends in "N passed, N failed".
set -u

: "${FUZZ_SECONDS:=0}"
export ASAN_OPTIONS=detect_leaks=1
found=build/fuzz/found
output=$(mktemp)
trap 'rm -f "$output"' EXIT
mkdir -p "$found"
passed=0
failed=0

# Every parser of an enemy's bytes, or of the administrator's, has its fuzzer.
for name in settings policy control facts event; do
    case " $* " in
    */fuzz_$name\ *) ;;
    *)
        echo "  FAILED   fuzz_$name is not built"
        failed=$((failed + 1))
        ;;
    esac
done

# fuzz NAME PROGRAM: the committed corpus is only read; new inputs go to build/fuzz/corpus.
fuzz() {
    corpus=tests/fuzz/corpus/$1
    [ -n "$(find "$corpus" -type f 2>/dev/null | head -1)" ] || { echo "no corpus in $corpus" >"$output"; return 1; }
    limit=-max_total_time=$FUZZ_SECONDS
    [ "$FUZZ_SECONDS" -gt 0 ] || limit=-runs=0
    mkdir -p "build/fuzz/corpus/$1"
    set -- "$1" "$2" "$limit" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 "-artifact_prefix=$found/$1-"
    [ ! -f "tests/fuzz/$1.dict" ] || set -- "$@" "-dict=tests/fuzz/$1.dict"
    parser=$1
    program=$2
    shift 2
    if [ "$FUZZ_SECONDS" -gt 0 ]; then
        "./$program" "$@" "build/fuzz/corpus/$parser" "$corpus" >"$output" 2>&1
    else
        "./$program" "$@" "$corpus" >"$output" 2>&1
    fi
}

for program in "$@"; do
    name=$(basename "$program")
    if fuzz "${name#fuzz_}" "$program"; then
        printf '  ok       %s (%s inputs)\n' "$name" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$output")"
        passed=$((passed + 1))
    else
        tail -40 "$output" | sed 's/^/    /'
        printf '  FAILED   %s: what it found is in %s\n' "$name" "$found"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed (fuzzers, $FUZZ_SECONDS s each)"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
