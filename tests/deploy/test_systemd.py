"""The unit: what systemd reads in it, and how exposed it is."""

import pathlib
import re
import tempfile
import unittest

from deployment import BINARY, DEPLOY, Machine, run, text

UNIT = "informer-oauth.service"
INSTALLED = "/usr/local/bin/informer-oauth"


def installed(folder, *additions):
    """The unit and what is beside it, in a folder; the program is the one that was built."""
    folder = pathlib.Path(folder)
    (folder / f"{UNIT}.d").mkdir()
    for name in (UNIT, *(f"{UNIT}.d/{addition}" for addition in additions)):
        shipped = text(f"systemd/{pathlib.PurePosixPath(name).name}")
        (folder / name).write_text(shipped.replace(INSTALLED, BINARY), encoding="utf-8")
    return folder / UNIT


class Unit(unittest.TestCase):
    def test_systemd_has_nothing_to_say_about_it(self):
        for additions in ((), ("stores.conf",), ("stores.conf", "clients.conf")):
            with self.subTest(additions=additions), tempfile.TemporaryDirectory() as folder:
                # It warns of what it does not know, and succeeds.
                self.assertEqual(run("systemd-analyze", "verify", installed(folder, *additions)), (0, ""))

    def test_a_setting_that_does_not_exist_would_be_found(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = installed(folder)
            unit.write_text(unit.read_text().replace("MemoryMax=", "MemoryMaximum="))
            _, said = run("systemd-analyze", "verify", unit)
            self.assertIn("MemoryMaximum", said)

    def test_its_exposure_is_two_at_most(self):
        with tempfile.TemporaryDirectory() as folder:
            unit = installed(folder, "stores.conf", "clients.conf")
            code, said = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", unit)
            self.assertEqual(code, 0, said)
            level = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", said)
            self.assertLessEqual(float(level[1]), 2.0)

    def test_it_waits_for_as_long_as_the_service_takes_to_end(self):
        unit = text(f"systemd/{UNIT}")
        self.assertGreaterEqual(int(re.search(r"(?m)^TimeoutStopSec=(\d+)s$", unit)[1]), 15)
        self.assertIn("\nType=notify\n", unit)

    def test_the_service_accepts_its_settings(self):
        pattern = r"(?m)^Environment=(INFORMER_OAUTH__\w+)=(\S+)$"
        alone = dict(re.findall(pattern, text(f"systemd/{UNIT}")))
        stores = {**alone, **dict(re.findall(pattern, text("systemd/stores.conf")))}
        self.assertEqual(len(stores), 4)
        for settings in (alone, stores):
            with Machine() as machine:
                config = text("systemd/informer-oauth.toml")
                code, said = machine.oauth("config", "check", settings=settings, config=config)
                self.assertEqual(code, 0, said)

    def test_every_secret_that_is_named_is_loaded(self):
        for name in ("stores.conf", "clients.conf"):
            addition = text(f"systemd/{name}")
            loaded = set(re.findall(r"(?m)^LoadCredential=([\w-]+):/etc/informer-oauth/[\w-]+$", addition))
            used = set(re.findall(r"(?:%d|/run/credentials/informer-oauth\.service)/([\w-]+)", addition))
            self.assertEqual(loaded, used, name)

    def test_its_user_can_be_made(self):
        code, said = run("systemd-sysusers", "--dry-run", DEPLOY / "systemd/sysusers.conf")
        self.assertEqual(code, 0, said)
        user = re.search(r"(?m)^User=(\S+)$", text(f"systemd/{UNIT}"))[1]
        self.assertIn(f"u {user} ", text("systemd/sysusers.conf"))


if __name__ == "__main__":
    unittest.main()
