"""The image: what it is built from, what is in it, and who runs in it."""

import os
import pathlib
import re
import shutil
import tempfile
import tomllib
import unittest

from deployment import BINARY, DEPLOY, ROOT, copy_without_output, run, text, tool

DOCKERFILE = "docker/Dockerfile"


def instructions():
    """The instructions of the Dockerfile with their arguments, each line that is continued joined."""
    lines = re.sub(r"\\\n", " ", re.sub(r"(?m)^\s*#.*\n", "", text(DOCKERFILE)))
    for line in lines.splitlines():
        if line.strip():
            word, _, arguments = line.strip().partition(" ")
            yield word.upper(), arguments.strip()


def stages():
    """The instructions of each stage, by its name."""
    found, name = {}, None
    for word, arguments in instructions():
        if word == "FROM":
            name = arguments.split()[-1]
            found[name] = []
        if name:
            found[name].append((word, arguments))
    return found


class Dockerfile(unittest.TestCase):
    def test_hadolint_has_nothing_to_say(self):
        self.assertEqual(tool("hadolint", "--no-color", DEPLOY / DOCKERFILE), (0, ""))

    def test_its_one_base_is_pinned_and_is_the_toolchain_of_the_workspace(self):
        bases = [arguments.split("=", 1)[1] for word, arguments in instructions() if arguments.startswith("RUST=")]
        self.assertEqual(len(bases), 1)
        manifest = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
        version = manifest["workspace"]["package"]["rust-version"]
        self.assertRegex(bases[0], rf"^rust:{re.escape(version)}\.\d+-slim-\w+$")
        named = set(stages()) | {"${RUST}", "scratch"}
        for word, arguments in instructions():
            if word == "FROM":
                self.assertIn(arguments.split()[0], named, "a base that is not pinned")

    def test_nothing_is_added_and_lists_of_packages_do_not_stay(self):
        for word, arguments in instructions():
            self.assertNotEqual(word, "ADD", arguments)
            if "apt-get install" in arguments:
                self.assertIn("--no-install-recommends", arguments)
                self.assertIn("rm -rf /var/lib/apt/lists/*", arguments)

    def test_what_is_copied_is_in_the_repository_and_in_the_context(self):
        allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
        copied = 0
        for word, arguments in instructions():
            if word != "COPY" or arguments.startswith("--from"):
                continue
            for source in arguments.split()[:-1]:
                copied += 1
                self.assertTrue((ROOT / source).exists(), f"{source} is not there")
                self.assertIn(source, allowed, f"{source} is not in the context")
        self.assertGreater(copied, 5)

    def test_both_images_are_empty_but_for_their_program_and_run_it_as_nobody(self):
        for name in ("informer-oauth", "fake-informer"):
            stage = stages()[name]
            words = dict(stage)
            self.assertEqual(words["FROM"], f"scratch AS {name}")
            self.assertRegex(words["USER"], r"^[1-9]\d+:[1-9]\d+$")
            self.assertEqual(words["ENTRYPOINT"], f'["/usr/local/bin/{name}"]')
            self.assertIn("org.opencontainers.image.licenses", words["LABEL"])
            self.assertNotIn("RUN", words)
        self.assertIn('CMD ["/usr/local/bin/informer-oauth", "health"]', words_of("informer-oauth", "HEALTHCHECK"))


def words_of(stage, instruction):
    return dict(stages()[stage])[instruction]


class Building(unittest.TestCase):
    def test_the_layer_of_dependencies_has_every_crate_and_nothing_of_its_code(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            copy_without_output(ROOT / "crates", folder / "crates")
            for name in ("Cargo.toml", "Cargo.lock"):
                shutil.copy(ROOT / name, folder / name)
            code, said = run("sh", DEPLOY / "docker/hollow.sh", folder / "crates")
            self.assertEqual(code, 0, said)
            left = {file.read_text(encoding="utf-8") for file in folder.rglob("*.rs")}
            self.assertEqual(left, {"", "fn main() {}\n"})
            # Every target that a manifest names is still there, and the lock file fits.
            metadata = ("cargo", "metadata", "--locked", "--offline", "--no-deps", "--format-version", "1")
            code, said = run(*metadata, "--manifest-path", folder / "Cargo.toml", cwd=folder)
            self.assertEqual(code, 0, said)
            members = {file.parent for file in folder.rglob("Cargo.toml")} - {folder}
            for member in members:
                sources = [*member.glob("src/*.rs"), *member.glob("benches/*/main.rs")]
                self.assertTrue(sources, f"{member} has nothing to build")

    def test_the_root_has_what_the_program_needs_to_run_and_is_small(self):
        self.assertTrue(BINARY, "INFORMER_OAUTH_BIN must name the built binary")
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "root"
            code, said = run("sh", DEPLOY / "docker/root.sh", root, BINARY)
            self.assertEqual(code, 0, said)
            size = sum(file.lstat().st_size for file in root.rglob("*") if file.is_file())
            self.assertLess(size, 8_000_000, "without the program, which takes 27 MB when it is released")
            self.assertEqual([file.name for file in root.rglob("sh")], [])
            shutil.copy(BINARY, root / "usr/local/bin/informer-oauth")
            inside = ["chroot", root, "/usr/local/bin/informer-oauth"]
            if os.getuid() != 0:
                inside = ["unshare", "--user", "--map-root-user", *inside]
            code, said = run(*inside, "config", "check")
            self.assertEqual(code, 0, said)
            self.assertIn("the configuration is fine", said)


if __name__ == "__main__":
    unittest.main()
