// The device flow (RFC 8628) with clients of others, unchanged: openid-client, and Octokit's, which was made for GitHub.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createOAuthDeviceAuth } from '@octokit/auth-oauth-device';
import { request } from '@octokit/request';
import * as client from 'openid-client';
import { Visitor, startService } from '../../support/service.mjs';

let service;
let admin;

before(async () => {
  service = await startService();
  admin = new Visitor(service.base);
  await admin.signIn('admin', service.password);
});

after(() => service?.stop());

const device = { redirect_uri: [], pkce: true, enableRefreshTokens: true };

async function discover(registered, secret) {
  const authentication = secret ? client.ClientSecretBasic(secret) : client.None();
  return client.discovery(new URL(service.base), registered.client_id, secret, authentication, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  });
}

for (const secret of [false, true]) {
  test(`openid-client: a ${secret ? 'confidential' : 'public'} device waits, gets tokens and refreshes them`, async () => {
    const registered = await admin.register({ name: `Wall display ${secret}`, ...device }, { secret });
    const config = await discover(registered.client, registered.secret);
    const asked = await client.initiateDeviceAuthorization(config, { scope: 'read:dataset read:report' });
    assert.equal(asked.verification_uri, `${service.base}/oauth/device`);
    const polling = client.pollDeviceAuthorizationGrant(config, asked);
    // After its first poll.
    setTimeout(() => admin.decideDevice(asked.user_code, true), 6000);
    const tokens = await polling;
    assert.equal(tokens.scope, 'read:dataset read:report');
    assert.equal(tokens.expires_in, 900);
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
    await assert.rejects(client.pollDeviceAuthorizationGrant(config, asked), { error: 'invalid_grant' });
  });
}

test('openid-client: a denied device is told so', async () => {
  const { client: registered } = await admin.register({ name: 'Denied display', ...device });
  const config = await discover(registered);
  const asked = await client.initiateDeviceAuthorization(config, {});
  await admin.decideDevice(asked.user_code, false);
  await assert.rejects(client.pollDeviceAuthorizationGrant(config, asked), { error: 'access_denied' });
});

// Octokit's paths are GitHub's: a proxy, or this rewriting, puts ours in their place.
const paths = new Map([
  ['/login/device/code', '/api/oauth/device_token'],
  ['/login/oauth/access_token', '/api/oauth/device_access_token'],
]);

test("Octokit's device flow, with its base URL pointed here", async () => {
  const { client: registered } = await admin.register({ name: 'Octokit', ...device });
  const pointed = request.defaults({
    baseUrl: service.base,
    request: {
      fetch: (address, options) => {
        const url = new URL(address);
        url.pathname = paths.get(url.pathname);
        return fetch(url, options);
      },
    },
  });
  const auth = createOAuthDeviceAuth({
    clientType: 'oauth-app',
    clientId: registered.client_id,
    scopes: ['read:dataset'],
    request: pointed,
    onVerification: ({ user_code: code }) => void setTimeout(() => admin.decideDevice(code, true), 1000),
  });
  const { token, scopes } = await auth({ type: 'oauth' });
  assert.deepEqual(scopes, ['read:dataset']);
  const gate = await fetch(`${service.base}/oauth/verify`, {
    headers: { authorization: `Bearer ${token}`, 'x-original-method': 'GET', 'x-original-uri': '/api/datasets' },
  });
  assert.equal(gate.status, 200);
  assert.equal(gate.headers.get('x-informer-user'), 'admin');
});
