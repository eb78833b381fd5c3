"""The Compose file: its schema, how its services are confined, and that its scripts do what it counts on."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from deployment import DEPLOY, Machine, documents, run, text, tool

COMPOSE = "compose/compose.yaml"


def compose():
    return documents(COMPOSE)[0]


def prepared(folder):
    """A copy of the folder in which prepare.sh has run."""
    copy = pathlib.Path(folder) / "compose"
    ignored = shutil.ignore_patterns("secrets", ".env")
    shutil.copytree(DEPLOY / "compose", copy, ignore=ignored)
    code, said = run("sh", copy / "prepare.sh")
    assert code == 0, said
    return copy


class Description(unittest.TestCase):
    def test_it_has_the_form_of_the_compose_specification(self):
        code, said = tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / COMPOSE)
        self.assertEqual(code, 0, said)

    def test_every_service_is_confined_and_bounded(self):
        services = compose()["services"]
        self.assertEqual(
            set(services), {"nginx", "migrate", "clients", "informer-oauth", "informer", "postgres", "redis"}
        )
        for name, service in services.items():
            with self.subTest(service=name):
                self.assertTrue(service["read_only"])
                self.assertEqual(service["cap_drop"], ["ALL"])
                self.assertNotIn("cap_add", service)
                self.assertIn("no-new-privileges:true", service["security_opt"])
                user = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service["user"])
                self.assertRegex(user, r"^[1-9]\d*:[1-9]\d*$")
                limits = service["deploy"]["resources"]["limits"]
                self.assertEqual(set(limits), {"cpus", "memory", "pids"})
                self.assertNotIn("privileged", service)

    def test_images_are_pinned_or_built_here(self):
        for name, service in compose()["services"].items():
            with self.subTest(service=name):
                image = service["image"]
                self.assertTrue("OAUTH_IMAGE" in image or "build" in service or re.search(r":\d+\.\d+", image), image)
                if "build" in service:
                    build = service["build"]
                    context = (DEPLOY / "compose" / build["context"]).resolve()
                    self.assertIn(f" AS {build['target']}\n", (context / build["dockerfile"]).read_text())

    def test_one_waits_for_the_other_and_only_the_proxy_is_published(self):
        services = compose()["services"]
        waits = {
            name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
            for name, service in services.items()
        }
        self.assertEqual(waits["migrate"], {"postgres": "service_healthy"})
        self.assertEqual(waits["clients"]["migrate"], "service_completed_successfully")
        self.assertEqual(waits["informer-oauth"]["clients"], "service_completed_successfully")
        self.assertEqual(waits["nginx"]["informer-oauth"], "service_healthy")
        for name in ("nginx", "postgres", "redis"):
            self.assertIn("test", services[name]["healthcheck"])
        self.assertEqual([name for name, service in services.items() if "ports" in service], ["nginx"])
        self.assertTrue(compose()["networks"]["back"]["internal"])

    def test_the_proxy_that_is_trusted_is_the_proxy(self):
        services = compose()["services"]
        settings = services["informer-oauth"]["environment"]
        addresses = {
            name: services[name]["networks"]["front"]["ipv4_address"] for name in ("nginx", "informer-oauth", "informer")
        }
        self.assertEqual(settings["INFORMER_OAUTH__HTTP__TRUSTED_PROXIES"], addresses["nginx"])
        self.assertEqual(settings["INFORMER_OAUTH__IDENTITY__INFORMER__URL"], f"http://{addresses['informer']}:3000")
        script = text("compose/nginx.sh")
        self.assertIn(f"{addresses['informer']}:3000", script)
        self.assertIn(f"{addresses['informer-oauth']}:8787", script)

    def test_every_variable_has_a_line_in_the_example(self):
        used = set(re.findall(r"\$\{(\w+)", text(COMPOSE)))
        shown = set(re.findall(r"(?m)^(\w+)=", text("compose/.env.example")))
        self.assertEqual(used, shown)


class Preparing(unittest.TestCase):
    def test_the_secrets_that_are_named_are_drawn_once(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = prepared(folder)
            read = lambda: {file.name: file.read_text() for file in (copy / "secrets").iterdir()}
            secrets, settings = read(), (copy / ".env").read_text()
            self.assertEqual(set(secrets), set(compose()["secrets"]))
            for name, secret in compose()["secrets"].items():
                self.assertEqual(secret["file"], f"./secrets/{name}")
            self.assertRegex(secrets["report_server_secret"], r"^cs_[A-Za-z0-9]{32}\n$")
            self.assertNotRegex(settings, r"(?m)=$")
            self.assertEqual((copy / "secrets").stat().st_mode & 0o777, 0o700)
            self.assertEqual(run("sh", copy / "prepare.sh"), (0, ""))
            self.assertEqual((read(), (copy / ".env").read_text()), (secrets, settings))
        with tempfile.TemporaryDirectory() as folder:
            others = prepared(folder) / "secrets"
            for name in ("postgres_password", "redis_password", "encryption_key", "report_server_secret"):
                self.assertNotEqual((others / name).read_text(), secrets[name])

    def test_the_service_accepts_what_it_is_given(self):
        with tempfile.TemporaryDirectory() as folder, Machine() as machine:
            copy = prepared(folder)
            services = compose()["services"]
            for name in ("migrate", "clients", "informer-oauth"):
                settings = {
                    key: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value)).replace("/run/secrets", str(copy / "secrets"))
                    for key, value in services[name]["environment"].items()
                }
                mounted = {f"/run/secrets/{secret}" for secret in services[name]["secrets"]}
                named = {value for value in services[name]["environment"].values() if "/run/secrets/" in str(value)}
                self.assertLessEqual(named, mounted)
                code, said = machine.oauth("config", "check", settings=settings)
                self.assertEqual(code, 0, said)
        self.assertIn("/run/secrets/report_server_secret", text("compose/clients.toml"))

    def test_nginx_takes_the_site_that_is_shipped_with_the_addresses_of_the_network(self):
        with tempfile.TemporaryDirectory() as folder:
            script = text("compose/nginx.sh").replace("/tmp/", f"{folder}/")
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            script = script.replace("0.0.0.0:8080/g", f"127.0.0.1:{port}/g")
            self.assertIn("exec nginx ", script)
            script = script.replace("exec nginx ", "exec nginx -t ")
            path = f"{os.environ['PATH']}:/usr/local/sbin:/usr/sbin"
            site = DEPLOY / "nginx/informer-oauth.conf"
            code, said = run("sh", "-c", script, env={"PATH": path, "SITE": str(site)})
            self.assertEqual(code, 0, said)
            made = (pathlib.Path(folder) / "site.conf").read_text()
            self.assertNotRegex(made, r"(?m)^\s*server 127")
            self.assertNotIn("127.0.0.1:8", made.replace(f"127.0.0.1:{port}", ""))

    def test_redis_asks_for_the_password_and_forgets_nothing(self):
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            folder = pathlib.Path(folder)
            (folder / "password").write_text("hunter2\n")
            script = text("compose/redis.sh").replace("/tmp/", f"{folder}/").replace("dir /data", f"dir {folder}")
            self.assertIn("exec redis-server ", script)
            door = folder / "door"
            with subprocess.Popen(
                ["sh", "-c", f"{script.rstrip()} --port 0 --unixsocket {door}"],
                env={"PATH": os.environ["PATH"], "PASSWORD_FILE": str(folder / "password")},
                stdout=subprocess.DEVNULL,
            ) as redis:
                try:
                    ask = lambda *words, **environment: run(
                        "redis-cli", "-s", door, *words, env={"PATH": os.environ["PATH"], **environment}
                    )[1].strip()
                    deadline = time.monotonic() + 30
                    while ask("PING", REDISCLI_AUTH="hunter2") != "PONG":
                        self.assertLess(time.monotonic(), deadline, "it does not answer")
                        time.sleep(0.05)
                    self.assertIn("NOAUTH", ask("PING"))
                    kept = ask("CONFIG", "GET", "maxmemory-policy", REDISCLI_AUTH="hunter2")
                    self.assertIn("noeviction", kept)
                    self.assertIn("yes", ask("CONFIG", "GET", "appendonly", REDISCLI_AUTH="hunter2"))
                finally:
                    redis.terminate()


if __name__ == "__main__":
    unittest.main()
