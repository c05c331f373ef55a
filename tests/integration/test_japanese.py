#!/usr/bin/env python3
"""What the commands say is there in Japanese too: every message, and it is what people see."""

import gettext
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata
import unittest

TOP = pathlib.Path(__file__).resolve().parents[2]
CATALOGUE = TOP / "agent/cli/po/ja.po"
SEKISHO = TOP / "build/sanitize/sekisho"


def run(*command, **more):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


class Japanese(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)

    def template(self):
        sources = sorted(str(path) for path in (TOP / "agent/cli").glob("*.c"))
        made = run("xgettext", "-k_", "-kN_", "--from-code=UTF-8", "-o", self.folder / "sekisho.pot", *sources)
        self.assertEqual((made.returncode, made.stdout), (0, ""))
        return self.folder / "sekisho.pot"

    def messages(self, catalogue):
        run("msgfmt", "-o", self.folder / "messages.mo", catalogue, check=True)
        with open(self.folder / "messages.mo", "rb") as stream:
            return set(gettext.GNUTranslations(stream)._catalog) - {""}

    def test_every_message_is_translated_and_none_is_left_over(self):
        run("msgen", "-o", self.folder / "english.po", self.template(), check=True)
        asked, known = self.messages(self.folder / "english.po"), self.messages(CATALOGUE)
        self.assertEqual(asked - known, set(), "not translated in agent/cli/po/ja.po")
        self.assertEqual(known - asked, set(), "translated, but the program does not say it")
        self.assertGreater(len(known), 80)

    def test_formats_agree_with_the_originals(self):
        made = run("msgfmt", "--check", "-o", self.folder / "ja.mo", CATALOGUE)
        self.assertEqual((made.returncode, made.stdout), (0, ""))

    def test_catalogue_keeps_to_the_words_of_the_office(self):
        said = "\n".join(line for line in CATALOGUE.read_text().splitlines() if not line.startswith("#"))
        self.assertNotRegex(said, "PIN|デーモン|トークン|セッション|リムーバブル")

    def test_titles_leave_a_gap_before_their_column(self):
        run("msgfmt", "-o", self.folder / "messages.mo", CATALOGUE, check=True)
        with open(self.folder / "messages.mo", "rb") as stream:
            catalogue = gettext.GNUTranslations(stream)
        for title in ("device", "port", "serial", "label", "interfaces", "drivers", "agent", "terminal", "contact", "policy",
                      "store", "media", "REFUSED", "DRIFT"):
            self.assertIn(title, catalogue._catalog)
            width = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in catalogue.gettext(title))
            self.assertLess(width, 12, title)

    def seen(self, environment, *arguments):
        """What sekisho prints where the catalogue is installed."""
        target = self.folder / "ja/LC_MESSAGES"
        target.mkdir(parents=True, exist_ok=True)
        run("msgfmt", "-o", target / "sekisho.mo", CATALOGUE, check=True)
        script = 'mount --bind "$1" /usr/share/locale && shift && exec "$@"'
        return run("unshare", "-m", "sh", "-c", script, "sh", self.folder, SEKISHO, *arguments, env=environment).stdout

    def test_people_are_spoken_to_in_their_language(self):
        for name in ("ja_JP.UTF-8", "ja"):
            self.assertIn("関所", self.seen({"LANG": name, "TERM": "xterm"}, "--help"))
        self.assertIn("応答しません", self.seen({"LC_ALL": "ja_JP.UTF-8"}, "status", "--control", "/nowhere"))
        for environment in ({"LANG": "C.UTF-8"}, {"LANG": "ja_JP.UTF-8", "TERM": "linux"}, {"LANG": "ja", "LC_ALL": "C"}):
            shown = self.seen(environment, "--help")
            self.assertIn("keeps this terminal's data", shown)
            self.assertIsNone(re.search("[ぁ-ん]", shown))


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)
    unittest.main(verbosity=2)
