"""What deploy/ says to the binary is what the binary understands."""

import re
import unittest

from deployment import DEPLOY, Machine, apply_twice, known_settings, text


class Settings(unittest.TestCase):
    def test_every_variable_that_is_named_anywhere_is_a_setting(self):
        known = known_settings()
        seen = 0
        for file in sorted(DEPLOY.rglob("*")):
            if not file.is_file() or file.suffix == ".json" or "secrets" in file.parts:
                continue
            for name in re.findall(r"INFORMER_OAUTH__([A-Z0-9_]+)", file.read_text(encoding="utf-8")):
                seen += 1
                key = name.lower().replace("__", ".")
                self.assertTrue(
                    key in known or key.removesuffix("_file") in known, f"{file.name}: INFORMER_OAUTH__{name}"
                )
        self.assertGreater(seen, 15)

    def test_a_variable_that_is_none_would_be_found(self):
        with Machine() as machine:
            code, said = machine.oauth("config", "check", settings={"INFORMER_OAUTH__HTTP__LISTEM": "x"})
        self.assertEqual(code, 2, said)

    def test_every_file_of_clients_is_carried_out_before_a_first_start_and_once(self):
        files = sorted(DEPLOY.rglob("clients.toml"))
        self.assertGreaterEqual(len(files), 2)
        for file in files:
            with self.subTest(file=file), Machine() as machine:
                said = apply_twice(machine, text(file))
                self.assertIn("nothing to do", said)
                self.assertNotIn("cs_", said)


if __name__ == "__main__":
    unittest.main()
