"""Sizes and words: functions of at most 60 lines, files of at most 500, nothing left to be done later, nothing that names the
machine it was written on."""

import ast
import os
import re
import socket
import sys

import tree

FUNCTION_LINES, FILE_LINES, LINE_COLUMNS = 60, 500, 140
MEASURED = (".c", ".h", ".py", ".sh", ".mk")
# Data and texts of others: neither measured nor read for words.
NOT_OURS = ("tests/ocsf/", "tests/fuzz/corpus/", "LICENSE")
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")

HIDDEN = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def c_functions(lines):
    """(line, length) of each function body: its braces stand alone in the first column."""
    opened = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            opened = number
        elif line.startswith("}") and opened:
            yield opened, number - opened + 1
            opened = None


def python_functions(lines):
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1


def check_size(path, lines):
    if len(lines) > FILE_LINES:
        yield f"{path}: {len(lines)} lines, more than {FILE_LINES}"
    functions = {".c": c_functions, ".h": c_functions, ".py": python_functions}.get(os.path.splitext(path)[1])
    for number, length in functions(lines) if functions else ():
        if length > FUNCTION_LINES:
            yield f"{path}:{number}: a function of {length} lines, more than {FUNCTION_LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > LINE_COLUMNS and path.endswith((".c", ".h")):
            yield f"{path}:{number}: {len(line)} columns, more than {LINE_COLUMNS}"


def own_places():
    """Where this tree stands, and where it was written: nothing committed may lean on either."""
    places = {re.escape(os.getcwd()) + r"\b", r"/w" r"ork/", r"/ho" r"me/\w+/"}
    name = socket.gethostname()
    return re.compile("|".join(places | ({rf"\b{re.escape(name)}\b"} if len(name) > 7 else set())))


def check_words(path, lines, places):
    for number, line in enumerate(lines, 1):
        if LATER.search(line):
            yield f"{path}:{number}: says that something is left to do"
        if HIDDEN.search(line):
            yield f"{path}:{number}: a character that turns the direction of text"
        if places.search(line):
            yield f"{path}:{number}: names a place of one machine"


def main():
    faults, places, seen = [], own_places(), 0
    for path in tree.files():
        lines = None if path.startswith(NOT_OURS) else tree.text(path)
        if lines is None:
            continue
        seen += 1
        if path.endswith(MEASURED):
            faults += check_size(path, lines)
        faults += check_words(path, lines, places)
    print("".join(fault + "\n" for fault in faults), end="")
    return 1 if faults or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
