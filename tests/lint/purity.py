"""record/ and what decides in the modules do no input or output and ask no clock: facts in, verdict out. Told by the symbols that
their objects need: memory, text, JSON trees, libcrypto and one another, nothing else."""

import fnmatch
import os
import re
import shlex
import subprocess
import sys
import tempfile

import tree

PURE = ["agent/record/*.c", "modules/*/decide*.c", "modules/*/allow.c", "modules/*/descriptors.c",
        "modules/*/register.c"]
MAY_NEED = re.compile(r"""
    mem\w+ | str(?!ftime)\w+ | explicit_bzero | v?snprintf(_chk)? | qsort | bsearch | abs
  | malloc | calloc | realloc | free | reallocarray | abort | __\w+_chk | __stack_chk_fail | __errno_location | __ctype_\w+
  | json_object_(?!(to|from)_f)\w+ | json_tokener_\w+
  | EVP_\w+ | OPENSSL_\w+ | CRYPTO_\w+ | SHA256\w*
  | text_\w+ | json_(scan|lexeme|bind|error)\w* | clock_format_utc | clock_parse
  | _GLOBAL_OFFSET_TABLE_
""", re.VERBOSE)


def symbols(obj, *options):
    lines = subprocess.run(["nm", "--format=posix", *options, obj], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[0].split("@")[0] for line in lines.splitlines()}


def compiled(source, folder):
    flags = shlex.split(os.environ["LINT_CFLAGS"])
    obj = os.path.join(folder, source.replace("/", "_") + ".o")
    subprocess.run(["gcc", *flags, "-O1", "-c", "-o", obj, source], check=True)
    return obj


def main():
    sources = [path for path in tree.files(".c") if any(fnmatch.fnmatch(path, pattern) for pattern in PURE)]
    with tempfile.TemporaryDirectory() as folder:
        objects = {source: compiled(source, folder) for source in sources}
        own = set().union(*(symbols(obj, "--defined-only", "--extern-only") for obj in objects.values()))
        faults = [f"{source}: needs {name}: what decides does no input or output"
                  for source, obj in objects.items() for name in sorted(symbols(obj, "--undefined-only"))
                  if name not in own and not MAY_NEED.fullmatch(name)]
    print("".join(fault + "\n" for fault in faults), end="")
    return 1 if faults or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
