#!/usr/bin/env python3
"""The manual pages are well-formed, say the same in both languages, and name every option, key and exit status there is;
so does the completion."""

import json
import pathlib
import re
import subprocess
import sys
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
SEKISHO = TOP / "build/sanitize/sekisho"
SEKISHOD = TOP / "build/sanitize/sekishod"
PAGES = ["sekisho.1", "sekishod.8", "sekisho-agent.5", "sekisho-policy.5"]
COMMANDS = ["status", "devices", "adopt", "events", "policy", "verify"]

# mandoc looks for our pages and others' among the installed ones; and it knows English headings alone.
EXPECTED_OF_ALL = re.compile(r"referenced manual not found|outdated mandoc\.db")
EXPECTED_OF_JAPANESE = re.compile(
    r'first section is not "NAME"|description line outside NAME|trailing delimiter|longer than 80 bytes')


def page_path(name, language):
    return TOP / "docs/man" / ("" if language == "en" else language) / name


def said(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={"LC_ALL": "C.UTF-8"}).stdout.decode()


def options(text):
    return set(re.findall(r"(?<![\w-])--([a-z]+)", text))


def page_options(text):
    return set(re.findall(r"(?:Fl |\| )-([a-z]+)", text)) | options(text)


def keys(schema):
    """Every key that a settings file may have."""
    found = set()
    for part in [schema, *schema.get("definitions", {}).values()]:
        for key, inner in part.get("properties", {}).items():
            found |= {key} | keys(inner)
    return found


class Manual(unittest.TestCase):
    def pages(self):
        for language in ("en", "ja"):
            for name in PAGES:
                with self.subTest(page=f"{language}/{name}"):
                    yield language, name, page_path(name, language)

    def test_every_page_is_well_formed(self):
        for language, _, path in self.pages():
            lines = subprocess.run(["mandoc", "-Tlint", path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            left = [line for line in lines.stdout.decode().splitlines() if not EXPECTED_OF_ALL.search(line)
                    and not (language == "ja" and EXPECTED_OF_JAPANESE.search(line))]
            self.assertEqual(left, [])
            self.assertLess(lines.returncode, 3)

    def test_every_page_has_a_name_and_a_line_that_whatis_finds(self):
        for language, name, path in self.pages():
            heading = "NAME" if language == "en" else "名前"  # the two that man-db's lexgrog knows
            self.assertRegex(path.read_text(), rf"(?m)\A\.Dd .*\n\.Dt .*\n\.Os\n\.Sh {heading}\n\.Nm {name[:-2]}\n\.Nd \S.*$")

    def test_both_languages_have_the_same_options_and_keys(self):
        for name in PAGES:
            english, japanese = (page_path(name, language).read_text() for language in ("en", "ja"))
            self.assertEqual(page_options(english), page_options(japanese), name)
            for macro in (r"(?m)^\.It Cm (\S+(?: , \S+)?)", r"(?m)^\.It Pa (.+)$", r"(?m)^\.It (\d)$", r"(?m)^\.Xr (.+?)[ ,.]*$"):
                self.assertEqual(set(re.findall(macro, english)), set(re.findall(macro, japanese)), (name, macro))

    def test_page_of_sekisho_names_every_option_and_command(self):
        text = page_path("sekisho.1", "en").read_text()
        found = set()
        for command in COMMANDS:
            help_text = said(SEKISHO, command, "--help")
            self.assertIn(f"sekisho {command}", help_text)
            self.assertRegex(text, rf"(?m)^\.It Cm {command}")
            found |= options(help_text)
        self.assertLessEqual({"json", "help", "control", "suggest", "since", "follow", "store"}, found)
        self.assertLessEqual(found, page_options(text))
        self.assertEqual(set(re.findall(r"(?m)^\.It (\d)$", text)), set("01234"))

    def test_page_of_sekisho_names_every_command_of_the_program(self):
        shown = set(re.findall(r"(?m)^  sekisho (\w+)", said(SEKISHO, "--help")))
        self.assertEqual(shown, set(COMMANDS))

    def test_page_of_sekishod_names_every_option(self):
        found = options(said(SEKISHOD, "--help"))
        self.assertLessEqual({"configuration", "store", "control", "check", "export"}, found)
        self.assertLessEqual(found, page_options(page_path("sekishod.8", "en").read_text()))

    def test_pages_of_settings_name_every_key(self):
        for which in ("agent", "policy"):
            schema = json.loads((TOP / f"config/{which}.schema.json").read_text())
            text = page_path(f"sekisho-{which}.5", "en").read_text()
            for key in keys(schema):
                self.assertRegex(text, rf"(?m)^\.It Cm .*\b{re.escape(key.lstrip('$'))}\b|\.Cm .*{re.escape(key)}", (which, key))

    def test_japanese_pages_keep_to_the_words_of_the_office(self):
        for _, _, path in self.pages():
            self.assertNotRegex(path.read_text(), "デーモン|トークン|セッション|フォールバック|リムーバブル")

    def complete(self, *words):
        script = ('compopt() { :; }; . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sekisho; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        return set(said("bash", "-uc", script, "bash", TOP / "install/completion/sekisho", "sekisho", *words).split())

    def test_completion_knows_every_command_and_option(self):
        self.assertEqual(self.complete(""), set(COMMANDS) | {"--help", "--version"})
        self.assertEqual(self.complete("st"), {"status"})
        for command in COMMANDS:
            expected = options(said(SEKISHO, command, "--help")) - {"version"}
            found = {word[2:] for word in self.complete(command, "--")}
            self.assertEqual(found - {"as"}, expected - {"as"}, command)
        self.assertIn("--as", self.complete("policy", "apply", "--"))
        self.assertLessEqual({"check", "apply"}, self.complete("policy", ""))
        self.assertIn(str(TOP / "config/policy.json"), self.complete("policy", "check", str(TOP / "config/policy.j")))
        self.assertIn(str(TOP / "config"), self.complete("verify", "--store", str(TOP / "conf")))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)
