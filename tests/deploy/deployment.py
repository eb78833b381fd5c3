"""The files that deploy/ ships, and the programs that judge them."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
TOOLS = pathlib.Path(sys.executable).parent
BINARY = os.environ.get("INFORMER_OAUTH_BIN")

# A key of 32 bytes and a secret of a client, as operators draw them.
SECRETS = {
    "encryption": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "database": "postgres://oauth:secret@postgres/oauth",
    "cache": "redis://redis:6379",
    "report": "cs_ABCDefgh0123456789abcdefghijKLMN",
}


def text(path):
    """A file below deploy/."""
    return (DEPLOY / path).read_text(encoding="utf-8")


def documents(path):
    """The documents of a YAML file below deploy/."""
    return [document for document in yaml.safe_load_all(text(path)) if document]


def run(*words, **options):
    """Runs a program to its end: exit code, and all that it said."""
    done = subprocess.run(
        [str(word) for word in words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
        **options,
    )
    return done.returncode, done.stdout


def tool(name, *words):
    """Runs a program that came with the Python packages."""
    return run(TOOLS / name, *words)


class Machine:
    """A folder in which the binary finds what a deployment would mount."""

    def __enter__(self):
        if not BINARY:
            raise RuntimeError("INFORMER_OAUTH_BIN must name the built binary: run these tests with `cargo xtask test`")
        self._folder = tempfile.TemporaryDirectory(prefix="informer-oauth-")
        self.folder = pathlib.Path(self._folder.name)
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def mount(self, text):
        """`text` with every path of a secret replaced by that of a file here, which holds one that fits its name."""

        def here(path):
            name = pathlib.PurePosixPath(path[0]).name
            file = self.folder / name
            kind = next((kind for kind in SECRETS if kind in name), None)
            file.write_text(SECRETS.get(kind, "secret") + "\n", encoding="utf-8")
            return str(file)

        return re.sub(r"(/run/secrets|/run/credentials|%d)(/[\w.-]+)+", here, text)

    def oauth(self, *words, settings=None, config=None):
        """Runs the binary with these settings and this text as its configuration file."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INFORMER_OAUTH")}
        environment["INFORMER_OAUTH__SECRETS__BCRYPT_COST"] = "4"
        environment.update({name: self.mount(value) for name, value in (settings or {}).items()})
        if config is not None:
            file = self.folder / "informer-oauth.toml"
            file.write_text(self.mount(config), encoding="utf-8")
            words = ("--config", file, *words)
        return run(BINARY, *words, cwd=self.folder, env=environment)


def known_settings():
    """Every key that the binary knows."""
    with Machine() as machine:
        code, said = machine.oauth("config", "show", "--output", "json")
    assert code == 0, said
    return {setting["key"] for setting in json.loads(said)}


def apply_twice(machine, clients):
    """Makes the clients that a file describes on a new database, then once more: what is said the second time."""
    file = machine.folder / "clients.toml"
    file.write_text(machine.mount(clients), encoding="utf-8")
    for words in (("migrate",), ("client", "apply", file), ("client", "apply", file)):
        code, said = machine.oauth(*words)
        assert code == 0, said
    return said


def copy_without_output(source, destination):
    """Copies a tree, without what builds leave in it."""
    shutil.copytree(source, destination, ignore=shutil.ignore_patterns("node_modules", "target", "__pycache__"))
