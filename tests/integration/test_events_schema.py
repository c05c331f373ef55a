#!/usr/bin/env python3
"""Every kind of event passes docs/events.schema.json and OCSF's own schema, and both documents are what the table makes."""

import copy
import json
import pathlib
import re
import subprocess
import sys
import unittest

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[2]
EVENTDOC = TOP / "build/sanitize/eventdoc"
INTEGER_MAX = 2**53 - 1


def eventdoc(mode):
    return subprocess.run([EVENTDOC, mode], check=True, stdout=subprocess.PIPE).stdout


def validator(schema):
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def ocsf_validators():
    found = {}
    for path in (TOP / "tests/ocsf").glob("*.schema.json"):
        found[int(path.name.split("_")[0])] = validator(json.loads(path.read_text()))
    return found


def leaves(value, path=()):
    if isinstance(value, (dict, list)):
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in members:
            yield from leaves(inner, path + (key,))
    else:
        yield path, value


def objects(value, path=()):
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from objects(inner, path + (key,))


def at(value, path):
    for key in path:
        value = value[key]
    return value


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads((TOP / "docs/events.schema.json").read_text())
        cls.ours = validator(cls.schema)
        cls.ocsf = ocsf_validators()
        cls.lines = eventdoc("--samples").decode("utf-8", errors="strict").rstrip("\n").split("\n")
        cls.samples = [json.loads(line) for line in cls.lines]

    def complain(self, errors):
        self.fail("\n".join(f"{'.'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in errors[:10]))

    def assert_valid(self, checker, event):
        errors = list(checker.iter_errors(event))
        if errors:
            self.complain(errors)

    def test_committed_documents_are_what_the_table_makes(self):
        for mode, name in (("--markdown", "events.md"), ("--schema", "events.schema.json")):
            with self.subTest(name=name):
                self.assertEqual((TOP / "docs" / name).read_bytes(), eventdoc(mode), "run `make docs`")

    def test_samples_hold_every_kind_small_and_large_and_nasty(self):
        kinds = {event["unmapped"]["sekisho"]["kind"] for event in self.samples}
        self.assertEqual(kinds, set(self.schema["definitions"]))
        self.assertEqual(len(self.samples), len(kinds) * 2 * 6)
        text = "\n".join(self.lines)
        for nasty in ('\\"', "\\u001b", "\ufffd", "\u202e"):
            self.assertIn(nasty, text)
        self.assertTrue(any(len(e.get("peripheral_device", {}).get("serial_number", "")) == 126 for e in self.samples))

    def test_each_sample_passes_our_schema(self):
        for event in self.samples:
            with self.subTest(kind=event["unmapped"]["sekisho"]["kind"]):
                self.assert_valid(self.ours, event)

    def test_each_sample_passes_the_schema_of_ocsf(self):
        for event in self.samples:
            with self.subTest(kind=event["unmapped"]["sekisho"]["kind"]):
                self.assert_valid(self.ocsf[event["class_uid"]], event)

    def test_each_sample_is_canonical_and_holds_integers_texts_and_booleans_only(self):
        for line, event in zip(self.lines, self.samples):
            again = json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
            self.assertEqual(line, again)
            for path, value in leaves(event):
                self.assertIsInstance(value, (int, str), path)
                if isinstance(value, int):
                    self.assertLessEqual(abs(value), INTEGER_MAX)

    def test_schema_refuses_a_member_more(self):
        for event in self.samples[::6]:
            for path, _ in objects(event):
                more = copy.deepcopy(event)
                at(more, path)["stranger"] = "x"
                if path != ("device", "groups"):
                    self.assertFalse(self.ours.is_valid(more), path)

    def test_schema_refuses_a_required_member_less(self):
        checked = 0
        for event in self.samples[::2]:  # the minimal ones: each member of theirs is required
            for path, _ in leaves(event):
                if isinstance(path[-1], int):
                    continue
                less = copy.deepcopy(event)
                del at(less, path[:-1])[path[-1]]
                self.assertFalse(self.ours.is_valid(less), path)
                checked += 1
        self.assertGreater(checked, 1000)

    def test_schema_refuses_another_type_and_another_constant(self):
        for event in self.samples[1::12]:
            for path, value in leaves(event):
                changed = copy.deepcopy(event)
                at(changed, path[:-1])[path[-1]] = [] if isinstance(value, str) else "x"
                self.assertFalse(self.ours.is_valid(changed), path)
            for constant in ("class_uid", "type_uid", "activity_id", "severity_id", "status_id", "message"):
                changed = copy.deepcopy(event)
                changed[constant] = 99 if isinstance(event[constant], int) else "another"
                self.assertFalse(self.ours.is_valid(changed), constant)

    def test_schema_refuses_an_unknown_kind_and_an_event_without_one(self):
        event = copy.deepcopy(self.samples[0])
        event["unmapped"]["sekisho"]["kind"] = "device_blessed"
        self.assertFalse(self.ours.is_valid(event))
        del event["unmapped"]["sekisho"]["kind"]
        self.assertFalse(self.ours.is_valid(event))
        self.assertFalse(self.ours.is_valid({}))

    def test_document_names_every_kind_field_and_reason(self):
        page = (TOP / "docs/events.md").read_text()
        for kind in self.schema["definitions"]:
            self.assertRegex(page, rf"(?m)^### {kind}$")
        codes = self.schema["definitions"]["device_refused"]["properties"]["status_code"]["enum"]
        self.assertGreater(len(codes), 10)
        for code in codes:
            self.assertRegex(page, rf"(?m)^\| {re.escape(code)} \| .+ \| .+ \|$")


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)
