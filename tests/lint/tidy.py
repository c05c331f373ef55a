"""clang-tidy over all C sources, as many at a time as there are processors. What passed is remembered in build/lint/tidy by the
hash of everything it depends on: the preprocessed text, .clang-tidy, the flags and the version of clang-tidy."""

import hashlib
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import tree

CACHE = "build/lint/tidy"
HERE = os.path.dirname(os.path.abspath(__file__))
FLAGS = shlex.split(os.environ["LINT_CFLAGS"]) + [
    "-Itests", "-include", os.path.join(HERE, "errno_model.h"), "-Wno-unknown-warning-option",
    "-Wno-macro-redefined", "-Wno-string-concatenation"]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


def fingerprint(source, common):
    preprocessed = output("clang", *FLAGS, "-E", "-P", source)
    return hashlib.sha256(common + source.encode() + open(source, "rb").read() + preprocessed).hexdigest()


def tidy(source, common):
    """What clang-tidy has to say about one source: nothing where it is well."""
    try:
        mark = os.path.join(CACHE, fingerprint(source, common))
    except subprocess.CalledProcessError as error:
        return error.stderr.decode()
    if os.path.exists(mark):
        return ""
    done = subprocess.run(["clang-tidy", "--quiet", source, "--", *FLAGS], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True)
    if done.returncode == 0 and not done.stdout.strip():
        open(mark, "w").close()
        return ""
    return done.stdout or done.stderr or "clang-tidy failed on " + source


def main():
    os.makedirs(CACHE, exist_ok=True)
    sources = [path for path in tree.files(".c")
               if path.startswith(("agent/", "modules/", "tests/")) and not path.startswith("tests/lint/")]
    common = output("clang-tidy", "--version") + open(".clang-tidy", "rb").read() + repr(FLAGS).encode()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        findings = [found for found in pool.map(lambda source: tidy(source, common), sources) if found]
    print("".join(findings), end="")
    return 1 if findings or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
