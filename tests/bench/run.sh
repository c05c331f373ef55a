#!/bin/sh
# make bench: the figures of docs/performance.md. The programs named as arguments, then beside Debian's usbguard in one VM. BENCH_VM=0
# leaves the VM out, and says so. Ends in "N passed, N failed": a figure under its bar fails.
set -u

passed=0
failed=0

bench() {
    printf '# %s\n' "$1"
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
}

printf 'machine: %s, %s processors, Linux %s; %s\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" \
    "$(nproc)" "$(uname -r)" "$(date -u +%F)"
for program in "$@"; do
    bench "$(basename "$program")" "./$program"
done
if [ "${BENCH_VM:-1}" = 0 ]; then
    echo "# bench_usbguard: left out (BENCH_VM=0)"
else
    bench "bench_usbguard" python3 tests/vm/bench_usbguard.py
fi
echo "$passed passed, $failed failed (bench)"
[ $failed -eq 0 ]
