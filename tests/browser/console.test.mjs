// A real Chromium works in the console for superusers: every action with and without JavaScript, much of it by keyboard
// alone. Every page passes axe-core in every look, fits 320 px, stays light, and loads nothing from elsewhere.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { Visitor, startService } from '../support/service.mjs';
import { LOOKS, accessible, fits, launch, open as openPage, picture, signIn } from './browser.mjs';

const CALLBACK = 'https://board.example.com/callback';
const LONG = 'A reporter with a rather long name that has to break somewhere, Donaudampfschifffahrtsgesellschaft';

let service;
let browser;
let admin;
let board;
let secretive;

before(async () => {
  browser = await launch();
  service = await startService();
  admin = new Visitor(service.base);
  await admin.signIn('admin', service.password);
  ({ client: board } = await admin.register(
    {
      name: 'Sales Board',
      description: 'Shows the numbers of the day on the wall',
      url: 'https://board.example.com/',
      redirect_uri: [CALLBACK, 'http://127.0.0.1/callback'],
      enableRefreshTokens: true,
      scope: ['read:dataset', 'write:report'],
    },
  ));
  await admin.register({ name: LONG, description: 'x', redirect_uri: [CALLBACK], enabled: false });
  for (let number = 1; number <= 22; number += 1) await admin.register({ name: `Wall display ${number}` });
  await call('PUT', `/api/oauth-clients/${board.id}/icon`, png(64, 64));
  for (let grant = 0; grant < 3; grant += 1) await allow();
  // Refused, and so an alarm.
  ({ client: secretive } = await admin.register({ name: 'Server', redirect_uri: [CALLBACK] }, { secret: true }));
  const wrong = { grant_type: 'refresh_token', client_id: secretive.client_id, client_secret: `cs_${'x'.repeat(32)}`, refresh_token: 'x' };
  await fetch(new URL('/oauth/token', service.base), { method: 'POST', body: new URLSearchParams(wrong) });
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** The API, as the signed-in administrator. */
async function call(method, path, body, type = 'image/png') {
  const cookie = await cookies();
  const answer = await fetch(new URL(path, service.base), {
    method,
    headers: { cookie, origin: service.base, 'content-type': type },
    body,
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
  return answer;
}

let jar;
async function cookies() {
  if (!jar) {
    const { context, page } = await at('/oauth');
    jar = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
    await page.close();
    await context.close();
  }
  return jar;
}

/** The administrator allows the board something, and it comes for its tokens. */
async function allow() {
  const code_verifier = randomBytes(32).toString('base64url');
  const url = new URL('/oauth/authorize', service.base);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: board.client_id,
    redirect_uri: CALLBACK,
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const code = (await admin.allow(url)).searchParams.get('code');
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: board.client_id,
    code,
    redirect_uri: CALLBACK,
    code_verifier,
  });
  const answer = await fetch(new URL('/oauth/token', service.base), { method: 'POST', body });
  assert.equal(answer.status, 200);
}

/** A picture with a gradient. */
function png(width, height) {
  const table = Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c >>> 0;
  });
  const crc = (bytes) => (bytes.reduce((c, byte) => table[(c ^ byte) & 0xff] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) =>
    Buffer.from([0, ...Array.from({ length: width }, (_, x) => [20 + 2 * x, 90 + y, 200]).flat()]));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(rows))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const open = (options) => openPage(browser, [service.base], options);

/** A signed-in administrator at one of the console's pages. */
async function at(path, options) {
  const opened = await open(options);
  await opened.page.goto(new URL(path, service.base).href);
  if (new URL(opened.page.url()).pathname === '/oauth/sign-in') {
    await signIn(opened.page, service);
  } else {
    await opened.page.goto(new URL(`/oauth/sign-in?return=${encodeURIComponent(path)}`, service.base).href);
    await signIn(opened.page, service);
  }
  return opened;
}

const notice = (page) => page.getByRole('status').first().textContent();

for (const javaScriptEnabled of [true, false]) {
  test(`a client lives its whole life, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await at('/oauth/admin', { javaScriptEnabled });
    await page.getByRole('link', { name: 'Clients' }).click();
    await page.getByRole('link', { name: 'New client' }).first().click();
    await page.getByRole('link', { name: /^Use this template.*Generic App$/ }).click();

    // A mistake first.
    await page.getByLabel('Name', { exact: true }).fill('Night report');
    await page.getByLabel('Redirect URIs').fill('https://night.example/cb\nhttp://night.example/cb');
    await page.getByLabel('See your datasets and search them').check();
    await page.getByRole('button', { name: 'Register the client' }).click();
    assert.match(await page.getByLabel('Redirect URIs').getAttribute('aria-describedby'), /redirect-problem/);
    assert.match(await page.locator('#redirect-problem').textContent(), /http:\/\/night\.example\/cb.*https/);
    assert.equal(await page.getByLabel('Name', { exact: true }).inputValue(), 'Night report');
    assert.ok(await page.getByLabel('See your datasets and search them').isChecked());
    await page.getByLabel('Redirect URIs').fill('https://night.example/cb');
    await page.getByRole('button', { name: 'Register the client' }).click();
    assert.match(await notice(page), /registered/);

    // Changed, with a picture.
    await page.getByLabel('Description').fill('Runs at night');
    await page.getByRole('button', { name: 'Save' }).click();
    assert.match(await notice(page), /saved/);
    assert.equal(await page.getByLabel('Description').inputValue(), 'Runs at night');
    await page.getByLabel('Picture file').setInputFiles({ name: 'night.png', mimeType: 'image/png', buffer: png(64, 32) });
    await page.getByRole('button', { name: 'Set icon' }).click();
    assert.match(await notice(page), /icon is set/);
    await page.getByLabel('Picture file').setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('<svg/>') });
    await page.getByRole('button', { name: 'Set icon' }).click();
    assert.match(await page.locator('#icon-problem').textContent(), /not a PNG/);
    await page.getByRole('button', { name: 'Remove icon' }).click();
    assert.match(await notice(page), /icon is removed/);
    await page.getByRole('button', { name: 'Disable this client' }).click();
    assert.match(await notice(page), /disabled/);
    await page.getByRole('button', { name: 'Enable this client' }).click();
    assert.match(await notice(page), /enabled/);

    // Secrets: one, another that replaces it, and one less.
    await page.getByRole('link', { name: 'Secrets' }).click();
    await page.getByLabel('Label').fill(`production <b>${javaScriptEnabled}</b>`);
    await page.getByRole('button', { name: 'Make a secret' }).click();
    assert.equal(await page.locator('h2 bdi').textContent(), `production <b>${javaScriptEnabled}</b>`);
    const first = await page.locator('#secret').textContent();
    assert.match(first, /^cs_[0-9A-Za-z]{32}$/);
    await page.getByRole('link', { name: 'I have copied it' }).click();
    await page.getByLabel('Label').fill(first);
    await page.getByLabel('The older secrets').selectOption({ label: 'Let them work for another day' });
    await page.getByRole('button', { name: 'Make a secret' }).click();
    assert.match(await page.locator('#label-problem').textContent(), /That is a secret/);
    assert.equal(await page.getByLabel('Label').inputValue(), '');
    assert.equal(await page.locator('#grace').inputValue(), '86400');
    if (javaScriptEnabled) await accessible(page, 'a refused label');
    await page.getByRole('button', { name: 'Make a secret' }).click();
    assert.notEqual(await page.locator('#secret').textContent(), first);
    await page.getByRole('link', { name: 'I have copied it' }).click();
    assert.equal(await page.getByRole('row').count(), 3);
    const labelled = page.getByRole('row', { name: 'production' });
    await labelled.getByText('Delete the secret that ends in').click();
    assert.match(await labelled.getByRole('paragraph').textContent(), /Whatever still uses production <b>.*<\/b> is refused/);
    await labelled.getByRole('button', { name: 'Delete it' }).click();
    assert.match(await notice(page), /deleted/);
    assert.equal(await page.getByRole('row').count(), 2);

    // What happened to it.
    await page.getByRole('navigation', { name: 'This client' }).getByRole('link', { name: 'Events' }).click();
    await page.getByLabel('Kind').selectOption('secret.deleted');
    await page.getByRole('button', { name: 'Show' }).click();
    assert.equal(await page.getByRole('row').count(), 2);
    await page.getByRole('link', { name: 'Night report' }).click();

    // The end.
    await page.getByRole('link', { name: 'Delete this client…' }).click();
    await page.getByLabel('To go on, type its name').fill('night report');
    await page.getByRole('button', { name: 'Delete this client' }).click();
    assert.match(await page.locator('#name-problem').textContent(), /not its name/);
    await page.getByLabel('To go on, type its name').fill('Night report');
    await page.getByRole('button', { name: 'Delete this client' }).click();
    assert.match(await notice(page), /deleted/);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test(`grants of access are found and revoked, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    await allow();
    const { context, page, complaints } = await at('/oauth/admin/tokens', { javaScriptEnabled });
    await page.getByLabel('Username').fill('admin');
    await page.getByRole('button', { name: 'Show' }).click();
    const rows = await page.getByRole('row').count();
    await page.getByRole('row', { name: 'Sales Board' }).last().getByRole('button', { name: 'Revoke' }).click();
    assert.match(await notice(page), /One grant of access is revoked/);
    assert.equal(await page.getByRole('row').count(), rows - 1);
    assert.equal(await page.getByLabel('Username').inputValue(), 'admin');
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test(`of two edits neither is lost, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await at(`/oauth/admin/clients/${board.id}`, { javaScriptEnabled });
    const theirs = `Theirs ${javaScriptEnabled}`;
    await call('PATCH', `/api/oauth-clients/${board.id}`, JSON.stringify({ description: theirs }), 'application/json');
    await page.getByLabel('Description').fill('Mine');
    await page.getByRole('button', { name: 'Save' }).click();
    assert.match(await page.getByRole('alert').textContent(), /Somebody changed this client meanwhile/);
    assert.match(await page.getByRole('row', { name: 'Description' }).textContent(), new RegExp(`${theirs}.*Mine`));
    if (javaScriptEnabled) await accessible(page, 'the conflict');
    await page.getByRole('button', { name: 'Save mine' }).click();
    assert.match(await notice(page), /saved/);
    assert.equal(await page.getByLabel('Description').inputValue(), 'Mine');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('with JavaScript a secret is copied, a picture is shown before it is sent, and a notice is told once', async () => {
  const { context, page, complaints } = await at(`/oauth/admin/clients/${board.id}`);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: service.base });
  const preview = page.getByRole('img', { name: 'The chosen file' });
  assert.ok(!(await preview.isVisible()));
  await page.getByLabel('Picture file').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: png(64, 64) });
  await preview.waitFor();
  await page.getByLabel('Picture file').setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from('no picture') });
  await preview.waitFor({ state: 'hidden' });
  await page.getByRole('button', { name: /^Copy\s+client_id$/ }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), board.client_id);

  await page.goto(new URL(`/oauth/admin/clients/${secretive.id}/secrets`, service.base).href);
  await page.getByRole('button', { name: 'Make a secret' }).click();
  await page.getByRole('button', { name: 'Copy the secret' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await page.locator('#secret').textContent());

  await page.goto(new URL(`/oauth/admin/clients/${board.id}?done=saved`, service.base).href);
  assert.match(await notice(page), /saved/);
  assert.equal(new URL(page.url()).search, '');
  await page.reload();
  assert.equal(await page.getByRole('status').count(), 0);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the keyboard alone goes past the navigation, searches, opens a client and asks to delete a secret', async () => {
  const { context, page, complaints } = await at('/oauth/admin/clients');
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement;
      return element.labels?.[0]?.textContent ?? element.textContent;
    });
  const tabTo = async (wanted) => {
    for (let tabs = 0; tabs < 60; tabs += 1) {
      if ((await focused()).trim().startsWith(wanted)) return;
      await page.keyboard.press('Tab');
    }
    assert.fail(`nothing called ${wanted} takes the focus`);
  };
  // A browser that is still busy may lose a key; then the focus is where it was, on the page as a whole.
  const onPage = () => page.evaluate(() => document.activeElement === document.body);
  for (let keys = 0; keys < 5 && (await onPage()); keys += 1) await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to content');
  await picture(page, 'console-skip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'New client');
  await tabTo('Name or description contains');
  await page.keyboard.type('serv');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('q') === 'serv');
  await tabTo('Server');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Server' }).waitFor();
  await tabTo('Secrets');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'New secret, or rotation' }).waitFor();
  await tabTo('Delete the secret');
  await page.keyboard.press('Enter');
  await tabTo('Delete it');
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const [look, options] of LOOKS) {
  test(`every page is accessible, fits and is light, ${look}`, async () => {
    const { context, page, complaints } = await at('/oauth/admin', options);
    const look_at = async (name) => {
      await picture(page, `console-${name}-${look}`);
      await fits(page, name);
      await accessible(page, name);
      const weight = await page.evaluate(() =>
        [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
          .filter((entry) => !entry.name.includes('/icon'))
          .reduce((sum, entry) => sum + entry.decodedBodySize, 0));
      assert.ok(weight > 5_000 && weight < 60_000, `${name}: ${weight} bytes`);
    };
    const go = (path) => page.goto(new URL(`/oauth/admin${path}`, service.base).href);
    const one = `/clients/${board.id}`;
    // What was counted is written every ten seconds.
    for (let tries = 0; tries < 150 && (await page.locator('.chart svg').count()) === 0; tries += 1) {
      await page.waitForTimeout(200);
      await page.reload();
    }
    await look_at('overview');
    await page.getByText('The numbers').click();
    await look_at('overview-numbers');
    await go('/clients');
    await look_at('clients');
    await go('/clients?q=nothing+of+this+name');
    await look_at('clients-none');
    await go('/clients/new');
    await look_at('new');
    await go('/clients/new?template=Generic+App');
    await page.getByLabel('Redirect URIs').fill('javascript:alert(1)');
    await page.getByRole('button', { name: 'Register the client' }).click();
    await look_at('create-refused');
    await go(one);
    await look_at('client');
    await go(`/clients/${secretive.id}/secrets`);
    await page.getByLabel('Label').fill(LONG.repeat(2));
    await page.getByRole('button', { name: 'Make a secret' }).click();
    assert.match(await page.locator('#label-problem').textContent(), /at most 100 characters/);
    await look_at('secret-refused');
    await page.getByLabel('Label').fill(LONG);
    await page.getByRole('button', { name: 'Make a secret' }).click();
    await look_at('new-secret');
    await page.getByRole('link', { name: 'I have copied it' }).click();
    await page.getByText('Delete the secret that ends in').first().click();
    await page.getByText('Delete the secret that ends in').last().click();
    await look_at('secrets');
    await page.getByRole('button', { name: 'Delete it' }).last().click();
    await look_at('secret-deleted');
    await go(`${one}/tokens`);
    await page.getByText('Revoke all').first().click();
    await look_at('tokens');
    await go('/tokens');
    await look_at('users-tokens-whose');
    await go('/tokens?username=admin');
    await look_at('users-tokens');
    await go('/events');
    await look_at('events');
    await go('/events?client=nobody');
    await look_at('events-unknown-client');
    await go('/keys');
    await look_at('keys');
    await go(`${one}/delete`);
    await look_at('delete');
    await go('/clients/00000000-0000-7000-8000-000000000000');
    await look_at('not-found');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
