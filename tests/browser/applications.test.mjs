// A real Chromium sees what a person has allowed, and takes it back: with and without JavaScript, by keyboard alone. The
// page passes axe-core in every look, fits 320 px, and loads nothing from elsewhere.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Visitor, startService } from '../support/service.mjs';
import { LOOKS, accessible, fits, launch, open as openPage, picture, signIn as signInAs } from './browser.mjs';

const CALLBACK = 'https://board.example.com/callback';

let service;
let browser;
let admin;
let clients;

before(async () => {
  browser = await launch();
});

after(async () => {
  await browser?.close();
});

beforeEach(async () => {
  service = await startService();
  admin = new Visitor(service.base);
  await admin.signIn('admin', service.password);
  clients = {};
  for (const name of ['Sales Board', 'Wall Display', 'A reporter with a rather long name that has to break somewhere']) {
    const { client } = await admin.register({ name, redirect_uri: [CALLBACK], pkce: true, enableRefreshTokens: true });
    clients[name] = client;
  }
});

afterEach(async () => {
  await service?.stop();
});

const open = (options) => openPage(browser, [service.base], options);

/** The administrator allows a client something; its token, unless it does not come for it. */
async function allow(name, scope, { redeems = true } = {}) {
  const { client_id } = clients[name];
  const code_verifier = randomBytes(32).toString('base64url');
  const url = new URL('/oauth/authorize', service.base);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id,
    redirect_uri: CALLBACK,
    scope,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const code = (await admin.allow(url)).searchParams.get('code');
  if (!redeems) return undefined;
  const body = new URLSearchParams({ grant_type: 'authorization_code', client_id, code, redirect_uri: CALLBACK, code_verifier });
  const answer = await fetch(new URL('/oauth/token', service.base), { method: 'POST', body });
  assert.equal(answer.status, 200);
  return (await answer.json()).access_token;
}

async function works(token) {
  const headers = { authorization: `Bearer ${token}`, 'x-original-method': 'GET', 'x-original-uri': '/api/profile' };
  const answer = await fetch(new URL('/oauth/verify', service.base), { headers });
  assert.ok([200, 401].includes(answer.status), `${answer.status}`);
  return answer.status === 200;
}

async function page_of(options) {
  const opened = await open(options);
  await opened.page.goto(new URL('/oauth/applications', service.base).href);
  assert.equal(new URL(opened.page.url()).pathname, '/oauth/sign-in', 'sign-in comes first');
  await signInAs(opened.page, service);
  assert.equal(new URL(opened.page.url()).pathname, '/oauth/applications', 'and leads back');
  return opened;
}

const item = (page, name) => page.locator('.connections > li', { has: page.getByRole('heading', { name }) });

for (const javaScriptEnabled of [true, false]) {
  test(`a person disconnects one application, then all, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const board = await allow('Sales Board', 'read:profile write:report');
    const display = await allow('Wall Display', 'read:profile');
    const { context, page, complaints } = await page_of({ javaScriptEnabled });
    assert.match(await item(page, 'Sales Board').textContent(), /See, run, change and delete your reports and queries/);
    await page.getByRole('button', { name: 'Disconnect Sales Board' }).click();
    assert.match(await page.getByRole('status').textContent(), /is disconnected/);
    assert.equal(await item(page, 'Sales Board').count(), 0);
    assert.deepEqual([await works(board), await works(display)], [false, true]);
    if (javaScriptEnabled) {
      await page.reload();
      assert.equal(await page.getByRole('status').count(), 0, 'it is told once');
    }
    await allow('Sales Board', 'read:profile');
    await page.reload();
    await page.getByText('Disconnect everything…').click();
    await page.getByRole('button', { name: 'Disconnect all 2' }).click();
    await page.getByRole('heading', { name: 'Nothing is connected' }).waitFor();
    assert.equal(await works(display), false);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('the keyboard alone ends one of several grants', async () => {
  const first = await allow('Sales Board', 'read:profile');
  const second = await allow('Sales Board', 'write:profile');
  const { context, page, complaints } = await page_of();
  const tabTo = async (wanted) => {
    for (let tabs = 0; tabs < 40; tabs += 1) {
      await page.keyboard.press('Tab');
      // A browser that is still busy may lose a key; then the focus stays on the page as a whole.
      const focused = () => (document.activeElement === document.body ? '' : document.activeElement?.textContent);
      if ((await page.evaluate(focused))?.includes(wanted)) return;
    }
    assert.fail(`nothing called ${wanted} takes the focus`);
  };
  await tabTo('Connected 2 times');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'End this one' }).first().waitFor();
  await tabTo('End this one');
  // The newest stands first.
  await page.keyboard.press('Enter');
  await page.getByRole('status').waitFor();
  assert.deepEqual([await works(first), await works(second)], [true, false]);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('every signed-in person finds the page from the front page', async () => {
  const { context, page } = await page_of();
  await page.goto(new URL('/oauth', service.base).href);
  await page.getByRole('link', { name: 'your connected applications' }).click();
  await page.getByRole('heading', { name: 'Connected applications' }).waitFor();
  await context.close();
});

for (const [look, options] of LOOKS) {
  test(`the page is accessible and fits, ${look}`, async () => {
    const { context, page, complaints } = await page_of(options);
    const look_at = async (name) => {
      await picture(page, `${name}-${look}`);
      await fits(page, name);
      await accessible(page, name);
    };
    await look_at('applications-empty');
    await allow('Sales Board', 'read:dataset read:profile');
    await allow('Sales Board', 'read:dataset write:report read:profile');
    await allow('Wall Display', 'read:global write:global', { redeems: false });
    await allow('A reporter with a rather long name that has to break somewhere', 'write:dataset write:report write:profile');
    await page.reload();
    await look_at('applications');
    await page.getByText('Connected 2 times').click();
    await page.getByText('Disconnect everything…').click();
    await look_at('applications-open');
    const weight = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .filter((entry) => !entry.name.includes('/icon'))
        .reduce((sum, entry) => sum + entry.decodedBodySize, 0));
    assert.ok(weight > 5_000 && weight < 60_000, `${weight} bytes`);
    await page.getByRole('button', { name: 'Disconnect Sales Board' }).click();
    await look_at('applications-disconnected');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
