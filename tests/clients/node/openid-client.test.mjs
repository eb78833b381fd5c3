// openid-client 6, unchanged: discovery, code with PKCE, refresh, introspection, revocation.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as client from 'openid-client';
import { Visitor, startService } from '../../support/service.mjs';

const redirectUri = 'https://board.example.com/callback';
let service;
let admin;

before(async () => {
  service = await startService();
  admin = new Visitor(service.base);
  await admin.signIn('admin', service.password);
});

after(() => service?.stop());

async function discover(clientId, metadata, authentication) {
  return client.discovery(new URL(service.base), clientId, metadata, authentication, {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  });
}

async function authorize(config, extra = {}) {
  const codeVerifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'read:dataset read:profile',
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    state,
    ...extra,
  });
  const callback = await admin.allow(url.href);
  return { callback, checks: { pkceCodeVerifier: codeVerifier, expectedState: state } };
}

test('a public client gets, refreshes and revokes tokens', async () => {
  const { client: registered } = await admin.register({
    name: 'Single page board',
    redirect_uri: [redirectUri],
    pkce: true,
    enableRefreshTokens: true,
  });
  const config = await discover(registered.client_id, undefined, client.None());
  assert.equal(config.serverMetadata().issuer, service.base);
  assert.equal(config.serverMetadata().supportsPKCE(), true);

  const { callback, checks } = await authorize(config);
  const tokens = await client.authorizationCodeGrant(config, callback, checks);
  assert.equal(tokens.token_type, 'bearer');
  assert.equal(tokens.scope, 'read:dataset read:profile');
  assert.equal(tokens.expires_in, 900);

  const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.notEqual(refreshed.access_token, tokens.access_token);

  const narrower = await client.refreshTokenGrant(config, refreshed.refresh_token, { scope: 'read:profile' });
  assert.equal(narrower.scope, 'read:profile');

  await client.tokenRevocation(config, narrower.refresh_token);
  await assert.rejects(client.refreshTokenGrant(config, narrower.refresh_token), { error: 'invalid_grant' });
});

for (const [name, authentication] of [
  ['client_secret_basic', client.ClientSecretBasic],
  ['client_secret_post', client.ClientSecretPost],
]) {
  test(`a confidential client authenticates with ${name} and introspects its tokens`, async () => {
    const { client: registered, secret } = await admin.register(
      { name: `Server board ${name}`, redirect_uri: [redirectUri], pkce: true, enableRefreshTokens: true },
      { secret: true },
    );
    const config = await discover(registered.client_id, secret, authentication(secret));
    const { callback, checks } = await authorize(config);
    const tokens = await client.authorizationCodeGrant(config, callback, checks);

    const access = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(access.active, true);
    assert.equal(access.client_id, registered.client_id);
    assert.equal(access.username, 'admin');
    assert.equal(access.scope, 'read:dataset read:profile');
    const refresh = await client.tokenIntrospection(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
    assert.equal(refresh.active, true);

    await client.tokenRevocation(config, tokens.access_token);
    assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
    assert.deepEqual(await client.tokenIntrospection(config, tokens.refresh_token), { active: false });
  });
}

test('a wrong secret and a replayed code are told by their RFC names', async () => {
  const { client: registered, secret } = await admin.register(
    { name: 'Replaying board', redirect_uri: [redirectUri], pkce: true, enableRefreshTokens: true },
    { secret: true },
  );
  const wrong = secret.slice(0, -1) + (secret.endsWith('a') ? 'b' : 'a');
  const impostor = await discover(registered.client_id, wrong, client.ClientSecretPost(wrong));
  const honest = await discover(registered.client_id, secret, client.ClientSecretPost(secret));
  const { callback, checks } = await authorize(honest);
  await assert.rejects(client.authorizationCodeGrant(impostor, callback, checks), { error: 'invalid_client' });
  const tokens = await client.authorizationCodeGrant(honest, callback, checks);
  await assert.rejects(client.authorizationCodeGrant(honest, callback, checks), { error: 'invalid_grant' });
  await assert.rejects(client.refreshTokenGrant(honest, tokens.refresh_token), { error: 'invalid_grant' });
});

test('a denied request comes back as access_denied', async () => {
  const { client: registered } = await admin.register({ name: 'Denied board', redirect_uri: [redirectUri], pkce: true });
  const config = await discover(registered.client_id, undefined, client.None());
  const codeVerifier = client.randomPKCECodeVerifier();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'write:global',
    code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
    code_challenge_method: 'S256',
    state: 'kept',
  });
  const answer = await admin.submit(await admin.request(url.href), { decision: 'deny' });
  const callback = new URL(answer.headers.get('location'));
  await assert.rejects(
    client.authorizationCodeGrant(config, callback, { pkceCodeVerifier: codeVerifier, expectedState: 'kept' }),
    { error: 'access_denied' },
  );
});
