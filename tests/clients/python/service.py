"""Starts the real binary on a temporary folder and a free port, and signs in as a person would."""

import html
import os
import re
import subprocess
import tempfile
import threading

import requests

BINARY = os.environ.get("INFORMER_OAUTH_BIN")


class Service:
    """A running service; use it in a `with` block."""

    def __enter__(self):
        if not BINARY:
            raise RuntimeError("INFORMER_OAUTH_BIN must name the built binary: run these tests with `cargo xtask test`")
        self._folder = tempfile.TemporaryDirectory(prefix="informer-oauth-")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INFORMER_OAUTH")}
        environment["INFORMER_OAUTH__SECRETS__BCRYPT_COST"] = "4"
        self._log = open(os.path.join(self._folder.name, "service.log"), "w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [BINARY, "serve", "--listen", "127.0.0.1:0"],
            cwd=self._folder.name,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.password = None
        for line in self._process.stdout:
            if found := re.match(r"\s*password: (\S+)$", line):
                self.password = found[1]
            if found := re.search(r"listening on (\S+)", line):
                self.base = found[1]
                break
        else:
            self._log.seek(0)
            raise RuntimeError("the service ended before it listened:\n" + self._log.read())
        threading.Thread(target=self._process.stdout.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(timeout=15)
        self._log.close()
        self._folder.cleanup()


class Visitor:
    """A browser without a screen."""

    def __init__(self, service):
        self.base = service.base
        self.http = requests.Session()

    def submit(self, page, **answers):
        """Sends the form of a page that asks for `answers`, with what it has hidden."""
        forms = re.findall(r'<form[^>]*method="post".*?</form>', page.text, re.IGNORECASE | re.DOTALL)
        wanted = [form for form in forms if all(f'name="{name}"' in form for name in answers)]
        assert wanted, page.text
        action = re.search(r'action="([^"]*)"', wanted[0])
        fields = []
        for field in re.findall(r'<input[^>]*type="hidden"[^>]*>', wanted[0]):
            value = re.search(r'value="([^"]*)"', field)
            fields.append((html.unescape(re.search(r'name="([^"]*)"', field)[1]), html.unescape(value[1]) if value else ""))
        target = requests.compat.urljoin(page.url, html.unescape(action[1]) if action else page.url)
        return self.http.post(
            target, data=fields + list(answers.items()), headers={"Origin": self.base}, allow_redirects=False
        )

    def sign_in(self, username, password):
        answer = self.submit(self.http.get(self.base + "/oauth/sign-in"), username=username, password=password)
        assert answer.status_code == 303, answer.text

    def allow(self, url):
        """Walks an authorization URL to its end: the URL that the client gets."""
        answer = self.http.get(url, allow_redirects=False)
        if answer.status_code == 200:
            answer = self.submit(answer, decision="allow")
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def decide_device(self, user_code, approve):
        """Says yes or no to the device that shows a user code."""
        answer = self.http.post(
            self.base + "/api/oauth/authorize_device",
            json={"user_code": user_code, "approve": approve},
            headers={"Origin": self.base},
        )
        assert answer.status_code == 204, answer.text

    def register(self, secret=False, **profile):
        """Registers a client through the management API."""
        headers = {"Origin": self.base}
        created = self.http.post(self.base + "/api/oauth-clients", json=profile, headers=headers)
        assert created.status_code == 201, created.text
        client = created.json()
        if not secret:
            return client, None
        added = self.http.post(f"{self.base}/api/oauth-clients/{client['id']}/secrets", json={}, headers=headers)
        assert added.status_code == 201, added.text
        return client, added.json()["secret"]
