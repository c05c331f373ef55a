#!/bin/sh
# Each check of lint finds the fault it is there for: a small tree that is well passes, and with one broken sample it fails and
# says so. A check that would pass everything is found here.
set -u

lint=$(cd "$(dirname "$0")/.." && pwd)/lint.sh
project=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d)
output=$(mktemp)
trap 'rm -rf "$tree" "$output"' EXIT
failed=0

# A tree in which every check has something to look at, and all of it is well.
fresh_tree() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/agent/base" "$tree/agent/record" "$tree/agent/contract" "$tree/agent/core" "$tree/modules/media" \
        "$tree/modules/unlock" "$tree/tests/unit" "$tree/install"
    cp "$project/.clang-format" "$project/.clang-tidy" "$tree"
    printf 'int sum(int one, int other);\n' | guarded BASE_SUM >"$tree/agent/base/sum.h"
    printf '#include "base/sum.h"\n\nint sum(int one, int other)\n{\n    return one + other;\n}\n' >"$tree/agent/base/sum.c"
    printf 'int twice(int one);\n' | guarded RECORD_TWICE >"$tree/agent/record/twice.h"
    printf '#include "record/twice.h"\n\n#include "base/sum.h"\n\nint twice(int one)\n{\n    return 2 * one;\n}\n' \
        >"$tree/agent/record/twice.c"
    printf 'int refuse(void);\n' | guarded MEDIA_MEDIA >"$tree/modules/media/media.h"
    printf 'int run(void);\n' | guarded CORE_LOOP >"$tree/agent/core/loop.h"
    printf 'import sys\n\nprint(sys.argv)\n' >"$tree/tests/good.py"
    printf '#!/bin/sh\nexec true\n' >"$tree/install/good.sh"
}

guarded() {
    printf '#ifndef SEKISHO_%s_H\n#define SEKISHO_%s_H\n\n' "$1" "$1"
    cat
    printf '\n#endif\n'
}

run_check() {
    LINT_ROOT=$tree LINT_CFLAGS="-std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -Iagent -Imodules" "$lint" "$1" >"$output" 2>&1
}

fault() {
    echo "selftest: $1"
    sed 's/^/    /' "$output"
    failed=1
}

# finds CHECK WORDS FILE: with standard input as FILE the check fails and its output has WORDS
finds() {
    fresh_tree
    mkdir -p "$tree/$(dirname "$3")"
    cat >"$tree/$3"
    if run_check "$1"; then
        fault "$1 passes a tree with a broken $3"
    elif ! grep -q "$2" "$output"; then
        fault "$1 does not say \"$2\" of $3"
    fi
}

fresh_tree
for check in format includes shape headers shell python cppcheck tidy; do
    run_check $check || fault "$check refuses a tree that is well"
done
# There is no decision in it, so that purity has its sources from record/.
run_check purity || fault "purity refuses a tree that is well"

finds format violations agent/base/bad.c <<'END'
int  bad( void ){return 1;}
END
finds includes 'agent/base may not include "record/twice.h"' agent/base/bad.c <<'END'
#include "record/twice.h"
END
finds includes 'agent/core may not include "media/media.h"' agent/core/bad.c <<'END'
#include "media/media.h"
END
finds includes 'modules/media may not include "core/loop.h"' modules/media/bad.c <<'END'
#include "core/loop.h"
END
finds includes 'is not in the table' agent/novel/bad.c <<'END'
#include "base/sum.h"
END
finds includes 'names the module unlock' agent/core/bad.c <<'END'
extern int unlock_module;
END
finds includes 'in a circle' agent/base/sum.h <<'END'
#include "base/sum.h"
END
finds headers 'unknown type name' agent/base/bad.h <<'END'
size_t bad(void);
END
finds purity 'needs fopen' agent/record/bad.c <<'END'
#include <stdio.h>
int bad(void);
int bad(void)
{
    return fopen("file", "r") == NULL;
}
END
finds purity 'needs clock_gettime' modules/media/decide.c <<'END'
#include <time.h>
int bad(struct timespec *now);
int bad(struct timespec *now)
{
    return clock_gettime(CLOCK_REALTIME, now);
}
END
finds shape 'a function of' agent/base/bad.c <<END
int bad(int number)
{
$(yes '    number++;' | head -70)
    return number;
}
END
finds shape 'more than 500' agent/base/bad.c <<END
$(yes '/* a line */' | head -501)
END
finds shape 'a function of' tests/bad.py <<END
def bad(number):
$(yes '    number += 1' | head -70)
    return number
END
finds shape 'left to do' docs/bad.md <<END
$(printf 'TO%s: the rest' DO)
END
finds shape 'place of one machine' install/bad.sh <<END
cd $tree
END
finds shape 'turns the direction' agent/base/bad.c <<END
/* $(printf '\342\200\256') */
END
finds shell SC2086 install/bad.sh <<'END'
#!/bin/sh
rm $1
END
finds python 'imported but unused' tests/bad.py <<'END'
import os
END
finds python 'SyntaxError' tests/bad.py <<'END'
def bad(:
END
finds cppcheck 'Array index out of bounds\|out of bounds' agent/base/bad.c <<'END'
int bad(void);
int bad(void)
{
    int numbers[4] = {0};
    return numbers[4];
}
END
finds tidy 'bugprone\|clang-analyzer' agent/base/bad.c <<'END'
#include "base/sum.h"
#include <stddef.h>
int bad(int one);
int bad(int one)
{
    int *place = NULL;
    if (one)
        return sum(one, one);
    return *place;
}
END
[ $failed -eq 0 ]
