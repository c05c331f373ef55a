#!/usr/bin/python3
"""Runs every test_*.py of this folder (or those named): each function test_*, in order, with its time.

    tests/integration/run.py [WORD ...]      only tests whose file or name holds one of the words

A test that takes `bed` is given a terminal whose daemon runs; one that takes `bare` a terminal not started yet.
FLAVOUR=release in the environment tries the release build; the default is the sanitizers'."""
import importlib
import inspect
import os
import signal
import sys
import time
import traceback
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from bed import Bed, BedError, enter_private_namespace  # noqa: E402

TEST_SECONDS = 180


def on_alarm(number, frame):
    raise AssertionError(f"the test took more than {TEST_SECONDS} s")


def run_test(test):
    wanted = inspect.signature(test).parameters
    if not wanted:
        return test()
    with Bed(os.environ.get("FLAVOUR", "sanitize")) as bed:
        try:
            test(bed.start() if "bed" in wanted else bed)
        except Exception as fault:
            fault.add_note("sekishod said:\n" + bed.said()[-2000:])
            raise


def tests_of(module):
    """(name, callable) of each test function, and of each method of unittest's classes."""
    for name, thing in list(vars(module).items()):
        if name.startswith("test_") and inspect.isfunction(thing):
            yield name, lambda thing=thing: run_test(thing)
    for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
        cases = list(suite)
        for case in cases:
            yield case.id().partition(".")[2], lambda case=case, cases=cases: run_case(case, cases)


def run_case(case, cases):
    if case is cases[0]:
        case.setUpClass()
    case.setUp()
    try:
        getattr(case, case._testMethodName)()
    finally:
        case.tearDown()
        case.doCleanups()


def run_file(path, words):
    passed = failed = 0
    for name, test in tests_of(importlib.import_module(path.stem)):
        if words and not any(word in name or word in path.stem for word in words):
            continue
        if passed + failed == 0:
            print(f"# {path.name}", flush=True)
        began = time.monotonic()
        signal.alarm(TEST_SECONDS)
        try:
            test()
        except Exception:
            failed += 1
            verdict, trace = "FAIL", traceback.format_exc()
        else:
            passed += 1
            verdict, trace = "ok  ", ""
        signal.alarm(0)
        print(f"{verdict} {name}  ({time.monotonic() - began:.1f} s)", flush=True)
        print("".join("    " + line for line in trace.splitlines(keepends=True)), end="", flush=True)
    return passed, failed


def main():
    words = sys.argv[1:]
    signal.signal(signal.SIGALRM, on_alarm)
    try:
        enter_private_namespace()
    except BedError as fault:
        sys.exit(f"integration: {fault}")
    passed = failed = 0
    for path in sorted(HERE.glob("test_*.py")):
        good, bad = run_file(path, words)
        passed, failed = passed + good, failed + bad
    if passed + failed == 0:
        print("no test ran")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
