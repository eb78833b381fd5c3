"""Authlib, unchanged: discovery, code with PKCE, refresh, introspection, revocation."""

import os
import time
import unittest

# The service listens on loopback without TLS here.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from service import Service, Visitor

REDIRECT_URI = "https://board.example.com/callback"


class AuthlibTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = cls.enterClassContext(Service())
        cls.admin = Visitor(cls.service)
        cls.admin.sign_in("admin", cls.service.password)
        address = get_well_known_url(cls.service.base, external=True)
        cls.metadata = AuthorizationServerMetadata(requests.get(address, timeout=10).json())

    def session(self, method, secret=False, **profile):
        client, secret = self.admin.register(
            secret=secret, redirect_uri=[REDIRECT_URI], pkce=True, enableRefreshTokens=True, **profile
        )
        return OAuth2Session(
            client["client_id"],
            secret,
            scope="read:dataset write:report",
            redirect_uri=REDIRECT_URI,
            code_challenge_method="S256",
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            introspection_endpoint_auth_method=method,
        )

    def fetch(self, session):
        verifier = generate_token(48)
        url, state = session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier
        )
        callback = self.admin.allow(url)
        return callback, verifier, session.fetch_token(
            self.metadata["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
        )

    def test_the_metadata_is_valid_by_the_rfc(self):
        required = dict(self.metadata)
        self.assertEqual(required["issuer"], self.service.base)
        self.assertEqual(required["response_types_supported"], ["code"])
        self.assertEqual(required["code_challenge_methods_supported"], ["S256"])
        # Everything but the demand for https, which loopback is exempt from here.
        self.metadata.validate_response_types_supported()
        self.metadata.validate_grant_types_supported()
        self.metadata.validate_token_endpoint_auth_methods_supported()
        self.metadata.validate_code_challenge_methods_supported()

    def test_a_confidential_client_goes_the_whole_way(self):
        for method in ("client_secret_basic", "client_secret_post"):
            with self.subTest(method):
                session = self.session(method, secret=True, name="Authlib " + method)
                _, _, token = self.fetch(session)
                self.assertEqual(token["scope"], "read:dataset write:report")
                self.assertGreater(token["expires_at"], time.time())

                refreshed = session.refresh_token(self.metadata["token_endpoint"], token["refresh_token"])
                self.assertNotEqual(refreshed["refresh_token"], token["refresh_token"])

                endpoint = self.metadata["introspection_endpoint"]
                found = session.introspect_token(endpoint, refreshed["access_token"]).json()
                self.assertTrue(found["active"])
                self.assertEqual(found["username"], "admin")

                revoked = session.revoke_token(
                    self.metadata["revocation_endpoint"], refreshed["refresh_token"], "refresh_token"
                )
                self.assertEqual(revoked.status_code, 200)
                found = session.introspect_token(endpoint, refreshed["access_token"]).json()
                self.assertEqual(found, {"active": False})

    def test_a_public_client_goes_the_whole_way(self):
        session = self.session("none", name="Authlib public")
        _, _, token = self.fetch(session)
        refreshed = session.refresh_token(self.metadata["token_endpoint"], token["refresh_token"])
        with self.assertRaises(OAuthError) as replayed:
            session.refresh_token(self.metadata["token_endpoint"], token["refresh_token"])
        self.assertEqual(replayed.exception.error, "invalid_grant")
        with self.assertRaises(OAuthError) as ended:
            session.refresh_token(self.metadata["token_endpoint"], refreshed["refresh_token"])
        self.assertEqual(ended.exception.error, "invalid_grant")

    def test_a_code_used_twice_is_an_invalid_grant(self):
        session = self.session("client_secret_basic", secret=True, name="Authlib twice")
        callback, verifier, _ = self.fetch(session)
        with self.assertRaises(OAuthError) as twice:
            session.fetch_token(
                self.metadata["token_endpoint"], authorization_response=callback, code_verifier=verifier
            )
        self.assertEqual(twice.exception.error, "invalid_grant")


if __name__ == "__main__":
    unittest.main()
