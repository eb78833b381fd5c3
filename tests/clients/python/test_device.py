"""requests_oauth2client, unchanged: the device flow (RFC 8628)."""

import threading
import unittest

import requests
from requests_oauth2client import (
    AccessDenied,
    DeviceAuthorizationPollingJob,
    InvalidGrant,
    OAuth2AccessTokenAuth,
    OAuth2Client,
)

from service import Service, Visitor


class DeviceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service())
        cls.admin = Visitor(cls.service)
        cls.admin.sign_in("admin", cls.service.password)
        cls.metadata = requests.get(
            cls.service.base + "/.well-known/oauth-authorization-server", timeout=10
        ).json()

    def device(self, name, secret):
        client, secret = self.admin.register(secret=secret, name=name, redirect_uri=[], pkce=True, enableRefreshTokens=True)
        auth = (client["client_id"], secret) if secret else client["client_id"]
        device = OAuth2Client(
            token_endpoint=self.metadata["token_endpoint"],
            device_authorization_endpoint=self.metadata["device_authorization_endpoint"],
            revocation_endpoint=self.metadata["revocation_endpoint"],
            auth=auth,
            testing=True,
        )
        return device, device.authorize_device(scope="read:dataset read:report")

    def poll(self, device, asked):
        job = DeviceAuthorizationPollingJob(device, asked.device_code, interval=asked.interval)
        token = None
        while token is None:
            token = job()
        return token

    def test_a_device_waits_and_gets_tokens(self):
        for secret in (False, True):
            with self.subTest(secret=secret):
                device, asked = self.device(f"Wall display {secret}", secret)
                self.assertEqual(asked.verification_uri, self.service.base + "/oauth/device")
                self.assertIn(asked.user_code, asked.verification_uri_complete)
                decision = threading.Timer(6, self.admin.decide_device, (asked.user_code, True))
                decision.start()
                token = self.poll(device, asked)
                decision.join()
                self.assertEqual(token.scope, "read:dataset read:report")
                refreshed = device.refresh_token(token)
                self.assertNotEqual(refreshed.refresh_token, token.refresh_token)
                gate = requests.get(
                    self.service.base + "/oauth/verify",
                    auth=OAuth2AccessTokenAuth(client=device, token=refreshed),
                    headers={"X-Original-Method": "GET", "X-Original-URI": "/api/datasets"},
                    timeout=10,
                )
                self.assertEqual(gate.headers["X-Informer-User"], "admin")
                with self.assertRaises(InvalidGrant):
                    device.device_code(asked.device_code)

    def test_a_denied_device_is_told_so(self):
        device, asked = self.device("Denied display", False)
        self.admin.decide_device(asked.user_code, False)
        with self.assertRaises(AccessDenied):
            self.poll(device, asked)


if __name__ == "__main__":
    unittest.main()
