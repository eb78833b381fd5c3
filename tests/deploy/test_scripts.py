"""The shell scripts of deploy/ are POSIX and without the usual mistakes."""

import unittest

from deployment import DEPLOY, run, tool


class Scripts(unittest.TestCase):
    def test_every_script_is_read_by_sh_and_passes_shellcheck(self):
        scripts = sorted(DEPLOY.rglob("*.sh"))
        self.assertGreaterEqual(len(scripts), 5)
        for script in scripts:
            with self.subTest(script=script.name):
                self.assertTrue(script.read_text(encoding="utf-8").startswith("#!/bin/sh\n"))
                self.assertEqual(run("sh", "-n", script), (0, ""))
                self.assertEqual(tool("shellcheck", "--shell=sh", "--severity=style", script), (0, ""))


if __name__ == "__main__":
    unittest.main()
