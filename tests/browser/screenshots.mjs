// Takes the pictures of the documentation: `node screenshots.mjs IMAGES VARIANTS`, or better `cargo xtask screenshots`. The wide,
// light ones go to the first folder; narrow and dark ones, to be looked at, to the second.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Visitor, startService } from '../support/service.mjs';
import { LOOKS, launch, open, signIn } from './browser.mjs';

const [images, variants] = process.argv.slice(2);
assert.ok(images && variants, 'usage: node screenshots.mjs IMAGES VARIANTS');

const MOST_BYTES = 150_000;
const CALLBACK = 'https://apps.example.com/callback';
/** Where the device is, in the range for documentation. */
const HALL = '203.0.113.24';

/** What is registered: a drawing of 24 by 24 on a ground of its colour makes the icon. */
const CLIENTS = [
  { name: 'Sales Board', description: 'The numbers of the day, for everybody on the floor', colour: '#0b7a5b', drawing: 'M5 19v-7h3v7zM10.500 19V5h3v14zM16 19v-10h3v10z' },
  { name: 'Wall Display', description: 'Shows dashboards in the hall', colour: '#b4470f', drawing: 'M4 5h16v11H4zM9 18h6v2H9z' },
  { name: 'Report Mailer', description: 'Sends reports on Monday mornings', colour: '#6b3fa0', drawing: 'M4 6h16L12 12.500zM4 8.500l8 6.500 8-6.500V18H4z' },
  { name: 'Field Notes', description: 'Datasets on the road, offline too', colour: '#1f6f8b', drawing: 'M6 4h12v16H6zM8.500 8h7M8.500 12h7M8.500 16h4', lines: true },
  { name: 'Nightly Export', description: 'Copies datasets into the warehouse', colour: '#37474f', drawing: 'M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z', secret: true },
  { name: 'Old Dashboard', description: 'Replaced by Sales Board', colour: '#8a6d3b', drawing: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z', enabled: false },
];

await mkdir(images, { recursive: true });
await mkdir(variants, { recursive: true });
const browser = await launch();
const service = await startService({
  INFORMER_OAUTH__BOOTSTRAP__BUILTIN_CLIENTS: 'true',
  INFORMER_OAUTH__HTTP__TRUSTED_PROXIES: '127.0.0.1',
});
try {
  const admin = new Visitor(service.base);
  await admin.signIn('admin', service.password);
  const clients = {};
  for (const { name, description, colour, drawing, lines, secret, enabled } of CLIENTS) {
    const { client } = await admin.register(
      {
        name,
        description,
        url: `https://${name.toLowerCase().replace(' ', '-')}.example.com/`,
        redirect_uri: [CALLBACK],
        pkce: !secret,
        enableRefreshTokens: true,
      },
      { secret },
    );
    clients[name] = client;
    const icon = await draw(colour, drawing, lines);
    const put = await admin.request(`/api/oauth-clients/${client.id}/icon`, { method: 'PUT', body: icon, headers: { 'content-type': 'image/png' } });
    assert.ok(put.ok, `${name}: ${put.status}`);
    if (enabled === false) await admin.request(`/api/oauth-clients/${client.id}`, { method: 'PATCH', json: { enabled } });
  }
  const display = clients['Wall Display'];
  for (const [name, scope] of [
    ['Report Mailer', 'read:report read:profile'],
    ['Field Notes', 'read:dataset read:profile'],
    ['Field Notes', 'read:dataset write:dataset read:profile'],
    ['Sales Board', 'read:dataset write:report read:profile'],
  ]) {
    const tokens = await allow(admin, clients[name], scope);
    await refresh(clients[name], tokens);
  }

  for (const [look, options] of LOOKS) {
    const wide = look.startsWith('wide');
    // Pages are at least as high as the window: a low one crops them to what they hold.
    const viewport = { width: wide ? 1280 : 320, height: 400 };
    const { context, page, complaints } = await open(browser, [service.base], { ...options, viewport });
    const go = (path) => page.goto(new URL(path, service.base).href);
    const shoot = async (name) => {
      const path = look === 'wide-light' ? join(images, `${name}.png`) : join(variants, `${name}-${look}.png`);
      const { length } = await page.screenshot({ path, fullPage: true });
      assert.ok(length < MOST_BYTES, `${path} has ${length} bytes, more than ${MOST_BYTES}`);
      console.log(`${path} (${Math.ceil(length / 1024)} KiB)`);
    };
    await go('/oauth/sign-in');
    await signIn(page, service);
    await go(authorization(clients['Sales Board'], 'read:dataset write:report read:profile', { prompt: 'consent' }).url);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await shoot('consent');
    await go((await startDevice(display)).verification_uri_complete);
    await page.getByRole('button', { name: 'Yes, it shows this code' }).click();
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    await shoot('device');
    await go('/oauth/applications');
    await page.getByRole('heading', { name: 'Connected applications' }).waitFor();
    await shoot('applications');
    await go('/oauth/admin/clients');
    await page.getByRole('heading', { name: 'Clients' }).waitFor();
    await shoot('console');
    assert.deepEqual(complaints, []);
    await context.close();
  }
} finally {
  await browser.close();
  await service.stop();
}

/** An icon as its owner might upload it. */
async function draw(colour, drawing, lines = false) {
  const page = await browser.newPage({ viewport: { width: 128, height: 128 } });
  const paint = lines ? 'fill="none" stroke="#fff" stroke-width="1.800"' : 'fill="#fff"';
  const path = `<path d="${drawing}" ${paint}/>`;
  await page.setContent(
    `<body style="margin:0"><svg width="128" height="128" viewBox="-4 -4 32 32"><path d="M-4-4h32v32H-4z" fill="${colour}"/>${path}</svg>`,
  );
  const png = await page.screenshot();
  await page.close();
  return png;
}

function authorization({ client_id }, scope, further = {}) {
  const code_verifier = randomBytes(32).toString('base64url');
  const url = new URL('/oauth/authorize', service.base);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: CALLBACK,
    scope,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...further,
  });
  return { url: url.href, code_verifier };
}

async function post(path, form, headers = {}) {
  const answer = await fetch(new URL(path, service.base), { method: 'POST', headers, body: new URLSearchParams(form) });
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return answer.json();
}

async function allow(person, client, scope) {
  const { url, code_verifier } = authorization(client, scope);
  const code = (await person.allow(url)).searchParams.get('code');
  return post('/oauth/token', { grant_type: 'authorization_code', client_id: client.client_id, code, redirect_uri: CALLBACK, code_verifier });
}

function refresh({ client_id }, { refresh_token }) {
  return post('/oauth/token', { grant_type: 'refresh_token', client_id, refresh_token });
}

/** A television that has just been switched on. */
function startDevice({ client_id }) {
  return post(
    '/oauth/device_authorization',
    { client_id, scope: 'read:dataset read:report' },
    { 'user-agent': 'Mozilla/5.0 (SMART-TV; Linux; Tizen 9.0) AppleWebKit/537.36', 'x-forwarded-for': HALL },
  );
}
