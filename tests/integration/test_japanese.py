#!/usr/bin/env python3
"""What the commands say is there in Japanese too: every message, and it is what people see."""

import pathlib
import re
import subprocess
import sys
import tempfile
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

    def test_every_message_is_translated_and_none_is_left_over(self):
        compared = run("msgcmp", CATALOGUE, self.template())
        self.assertEqual((compared.returncode, compared.stdout), (0, ""))
        reverse = run("msgcomm", "--unique", "--omit-header", "--no-location", CATALOGUE, self.folder / "sekisho.pot")
        self.assertEqual((reverse.returncode, reverse.stdout), (0, ""), "messages that the program no longer has")
        self.assertNotIn("fuzzy", CATALOGUE.read_text())

    def test_formats_agree_with_the_originals(self):
        made = run("msgfmt", "--check", "-o", self.folder / "ja.mo", CATALOGUE)
        self.assertEqual((made.returncode, made.stdout), (0, ""))

    def test_catalogue_keeps_to_the_words_of_the_office(self):
        said = "\n".join(line for line in CATALOGUE.read_text().splitlines() if not line.startswith("#"))
        self.assertNotRegex(said, "PIN|デーモン|トークン|セッション|リムーバブル")

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
