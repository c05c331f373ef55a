#!/usr/bin/env python3
"""config/*.json are accepted, and config/*.schema.json say what `sekishod --check` says, value by value."""

import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[2]
DAEMON = TOP / "build/sanitize/sekishod"

MEDIUM = {"label": "情-0012", "vendor_id": "46f4", "product_id": "0001", "serial": "A1"}
DEVICE = {"label": "scanner", "vendor_id": "04c5", "product_id": "132e", "interfaces": ["ff:ff:ff"]}

GOOD = {
    "agent": [
        {},
        {"$schema": "agent.schema.json", "comment": [1, {"a": None}], "terminal": {}, "record": {}},
        {"terminal": {"id": "mn-0421", "section": "税務課", "comment": 1.5}, "contact": "情報政策課 内線2345"},
        {"record": {"heartbeat_seconds": 60, "spool_mebibytes": 16, "spool_reserve_mebibytes": 1, "keep_days": 1}},
        {"record": {"heartbeat_seconds": 3600, "spool_mebibytes": 65536, "spool_reserve_mebibytes": 16384, "keep_days": 3650}},
    ],
    "policy": [
        {"version": 1},
        {"version": 2**53 - 1, "media": {}, "devices": {}, "comment": "x", "$schema": 1},
        {"version": 1, "media": {"mode": "enforce", "until": "2026-12-18", "registered": [MEDIUM]}},
        {"version": 1, "media": {"mode": "observe", "until": "1999-12-18T08:00:00.5+09:00"}},
        {"version": 1, "media": {"registered": [{**MEDIUM, "access": "read-write", "users": ["staff01"],
                                                "groups": ["zeimu"], "not_after": "2027-03-31", "comment": []}]}},
        {"version": 1, "devices": {"input": "listed", "allow": [DEVICE]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "serial": "x\n", "port": "1.3", "group": "scanner",
                                             "not_after": "2027-03-31T17:30:00Z", "vendor_id": "04C5",
                                             "interfaces": ["08:06:50", "03:01:01"]}]}},
    ],
}

BAD = {
    "agent": [
        [], "text", 1, None, {"terminal": []}, {"terminal": {"id": ""}}, {"terminal": {"id": 5}},
        {"terminal": {"id": "x" * 65}}, {"terminal": {"id": "a\tb"}}, {"terminal": {"section": "x" * 129}},
        {"terminal": {"name": "x"}}, {"contact": 2345}, {"contact": "\u202e2345"}, {"contact": "x" * 257},
        {"record": {"heartbeat_seconds": 59}}, {"record": {"heartbeat_seconds": 3601}},
        {"record": {"heartbeat_seconds": "300"}}, {"record": {"heartbeat_seconds": 300.5}},
        {"record": {"spool_mebibytes": 15}}, {"record": {"spool_reserve_mebibytes": 0}},
        {"record": {"keep_days": 0}}, {"record": {"keep_days": True}}, {"recorder": {}}, {"Contact": "x"},
    ],
    "policy": [
        {}, [], {"version": 0}, {"version": -1}, {"version": "1"}, {"version": 2**53}, {"version": 1.5},
        {"version": 1, "medium": {}}, {"version": 1, "media": {"mode": "off"}}, {"version": 1, "media": []},
        {"version": 1, "media": {"mode": "observe"}}, {"version": 1, "media": {"until": "tomorrow"}},
        {"version": 1, "media": {"until": "2026-13-01"}}, {"version": 1, "media": {"until": "2026-04-31"}},
        {"version": 1, "media": {"until": "2026-11-24T17:30:00"}}, {"version": 1, "media": {"registered": {}}},
        {"version": 1, "media": {"registered": ["A1"]}}, {"version": 1, "devices": {"input": "none"}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "interfaces": []}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "interfaces": ["8:6:50"]}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "interfaces": ["08:06:50 "]}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "interfaces": ["08:06:5g"]}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "interfaces": ["ff:ff:ff"] * 65}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "group": "Scanner"}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "group": "0scanner"}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "group": ""}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "port": ""}]}},
        {"version": 1, "devices": {"allow": [{**DEVICE, "users": ["a"]}]}},
    ] + [{"version": 1, "media": {"registered": [entry]}} for entry in (
        {key: MEDIUM[key] for key in MEDIUM if key != "label"},
        {key: MEDIUM[key] for key in MEDIUM if key != "serial"},
        {**MEDIUM, "serial": ""}, {**MEDIUM, "serial": "x" * 379}, {**MEDIUM, "vendor_id": "46f"},
        {**MEDIUM, "vendor_id": "46f4\n"}, {**MEDIUM, "vendor_id": "46fg"}, {**MEDIUM, "product_id": 1},
        {**MEDIUM, "access": "write"}, {**MEDIUM, "users": "staff01"}, {**MEDIUM, "users": [""]},
        {**MEDIUM, "users": ["x"] * 33}, {**MEDIUM, "groups": ["x" * 65]}, {**MEDIUM, "label": "x" * 129},
        {**MEDIUM, "not_after": "2027-3-31"}, {**MEDIUM, "colour": "red"}, {**MEDIUM, "label": None},
    )],
}


def check(which, document):
    """(accepted, message) as the daemon says it."""
    text = json.dumps(document, ensure_ascii=False).encode()
    found = subprocess.run([DAEMON, "--check", which, "-"], input=text, capture_output=True)
    if found.returncode not in (0, 1):
        raise AssertionError(f"sekishod --check ended with {found.returncode}: {found.stderr.decode()[:500]}")
    return found.returncode == 0, found.stderr.decode()


def resolved(schema, whole):
    while "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


class Configuration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schemas = {which: json.loads((TOP / f"config/{which}.schema.json").read_text()) for which in GOOD}
        for schema in cls.schemas.values():
            jsonschema.Draft7Validator.check_schema(schema)
        cls.validators = {which: jsonschema.Draft7Validator(schema) for which, schema in cls.schemas.items()}

    def assert_both(self, which, document, expected):
        accepted, message = check(which, document)
        errors = [error.message[:200] for error in self.validators[which].iter_errors(document)]
        shown = json.dumps(document, ensure_ascii=False)[:200]
        self.assertEqual(accepted, expected, f"sekishod: {shown}: {message}")
        self.assertEqual(not errors, expected, f"schema: {shown}: {errors}")

    def test_examples_pass_schema_and_daemon(self):
        for which in GOOD:
            self.assert_both(which, json.loads((TOP / f"config/{which}.json").read_text()), True)
            found = subprocess.run([DAEMON, "--check", which, TOP / f"config/{which}.json"], capture_output=True)
            self.assertEqual((found.returncode, found.stderr), (0, b""))

    def test_examples_state_the_defaults(self):
        record = json.loads((TOP / "config/agent.json").read_text())["record"]
        for key, schema in self.schemas["agent"]["properties"]["record"]["properties"].items():
            if key != "comment":
                self.assertEqual(record[key], schema["default"], key)
        policy = json.loads((TOP / "config/policy.json").read_text())
        self.assertEqual((policy["media"]["mode"], policy["media"]["registered"]), ("enforce", []))
        self.assertEqual((policy["devices"]["input"], policy["devices"]["allow"]), ("any", []))

    def test_good_documents_pass_both(self):
        for which, documents in GOOD.items():
            for document in documents:
                with self.subTest(which=which, document=document):
                    self.assert_both(which, document, True)

    def test_bad_documents_fail_both(self):
        self.assertGreaterEqual(sum(map(len, BAD.values())), 60)
        for which, documents in BAD.items():
            for document in documents:
                with self.subTest(which=which, document=document):
                    self.assert_both(which, document, False)

    def objects(self, which):
        """(path in a document, schema of the object that stands there)"""
        whole = self.schemas[which]
        yield (), whole
        for key, schema in whole["properties"].items():
            if schema.get("type") == "object":
                yield (key,), schema
                for inner, list_schema in schema["properties"].items():
                    if list_schema.get("type") == "array":
                        yield (key, inner, 0), resolved(list_schema["items"], whole)

    def document_with(self, which, path, key, value):
        document = {"version": 1} if which == "policy" else {}
        if not path:
            return {**document, key: value}
        if len(path) == 1:
            return {**document, path[0]: {key: value}}
        element = copy.deepcopy(MEDIUM if path[0] == "media" else DEVICE)
        return {**document, path[0]: {path[1]: [{**element, key: value}]}}

    def test_schemas_name_the_very_keys_of_the_daemons_tables(self):
        """What the daemon says it expected, where it met a key that it does not know."""
        seen = 0
        for which in GOOD:
            for path, schema in self.objects(which):
                accepted, message = check(which, self.document_with(which, path, "stranger", 1))
                self.assertFalse(accepted)
                expected = set(re.findall(r'"(\w+)"', message.split("expected one of", 1)[1]))
                self.assertEqual(expected, set(schema["properties"]) - {"comment", "$schema"}, path)
                self.assertFalse(schema["additionalProperties"])
                seen += 1
        self.assertEqual(seen, 8)

    def test_schemas_and_daemon_have_the_same_bounds(self):
        """Each bounded value at its bounds and one beyond."""
        tried = 0
        for which in GOOD:
            for path, schema in self.objects(which):
                for key, value in schema["properties"].items():
                    value = resolved(value, self.schemas[which])
                    for candidate, expected in edges(value):
                        document = self.document_with(which, path, key, candidate)
                        if key == "spool_reserve_mebibytes" and expected:
                            document["record"]["spool_mebibytes"] = 65536
                        if key == "spool_mebibytes" and expected:
                            document["record"]["spool_reserve_mebibytes"] = 1
                        with self.subTest(path=path, key=key, candidate=str(candidate)[:40]):
                            self.assert_both(which, document, expected)
                            tried += 1
        self.assertGreater(tried, 50)

    def test_a_file_in_policy_d_needs_no_version(self):
        with tempfile.TemporaryDirectory() as directory:
            os.mkdir(f"{directory}/policy.d")
            path = f"{directory}/policy.d/20-scanner.json"
            pathlib.Path(path).write_text(json.dumps({"devices": {"allow": [DEVICE]}}))
            self.assertEqual(subprocess.run([DAEMON, "--check", "policy", path]).returncode, 0)


def edges(schema):
    if schema.get("type") == "integer":
        return [(schema["minimum"], True), (schema["minimum"] - 1, False),
                (schema["maximum"], True), (schema["maximum"] + 1, False)]
    if schema.get("type") == "string" and "[^" in schema.get("pattern", ""):
        found = [("x" * schema["maxLength"], True), ("x" * (schema["maxLength"] + 1), False)]
        least = schema.get("minLength", 0)
        return found + [("x" * least, True)] + ([("", False)] if least else [])
    if "enum" in schema:
        return [(choice, True) for choice in schema["enum"] if choice != "observe"] + [("another", False)]
    return []


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)
