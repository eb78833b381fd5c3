// Where forms lead: to a client whose callback redirects onward, to an app, and on a host with other applications and a second
// installation.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Visitor, startService } from '../support/service.mjs';
import { LOOKS, accessible, fits, launch, open as openPage, picture, signIn } from './browser.mjs';

const seen = [];
let callback;
let onward;
let servers;
let service;
let browser;
let web;
let app;

/** A server on a free port. */
async function serve(answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

before(async () => {
  const welcome = await serve((_, response) => {
    response.setHeader('content-type', 'text/html').end('<!doctype html><html lang="en"><title>Client</title><h1>Welcome back</h1>');
  });
  // Another origin: the same computer by another name.
  onward = new URL(`http://localhost:${welcome.address().port}/welcome`);
  const client = await serve((request, response) => {
    seen.push(new URL(request.url, 'http://127.0.0.1').searchParams);
    response.writeHead(302, { location: onward.href }).end();
  });
  callback = new URL(`http://127.0.0.1:${client.address().port}/callback`);
  servers = [welcome, client];
  service = await startService();
  const admin = new Visitor(service.base);
  await admin.signIn('admin', service.password);
  ({ client: web } = await admin.register({ name: 'Sales Board', redirect_uri: ['http://127.0.0.1/callback'] }));
  ({ client: app } = await admin.register({ name: 'Pocket Board', redirect_uri: ['com.example.app:/callback'] }));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const server of servers ?? []) server.close();
  await service?.stop();
});

function authorization(client, redirect_uri) {
  const url = new URL('/oauth/authorize', service.base);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri,
    state: 'xyz',
    code_challenge: createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return url.href;
}

const open = (options) => openPage(browser, [service.base, callback.origin, onward.origin], options);

test('a callback may redirect onward after Deny, Allow and sign-in', async () => {
  const { context, page, complaints } = await open();
  for (const decision of ['deny', 'allow']) {
    await page.goto(authorization(web, callback.href));
    if (new URL(page.url()).pathname === '/oauth/sign-in') await signIn(page, service);
    await page.click(`button[value=${decision}]`);
    await page.waitForURL(onward.href);
  }
  assert.equal(seen[0].get('error'), 'access_denied');
  assert.ok(seen[1].get('code'));
  // A request that must show no page: the sign-in form itself ends at the client.
  await context.clearCookies();
  const silent = new URL(`${authorization(web, callback.href)}&prompt=none`);
  const sign_in = new URL('/oauth/sign-in', service.base);
  sign_in.searchParams.set('return', silent.pathname + silent.search);
  await page.goto(sign_in.href);
  await signIn(page, service);
  await page.waitForURL(onward.href);
  assert.equal(seen[2].get('error'), 'consent_required');
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const [look, options] of LOOKS) {
  test(`the page says that the app has been opened, ${look}`, async () => {
    const { context, page } = await open(options);
    await page.goto(authorization(app, 'com.example.app:/callback'));
    await signIn(page, service);
    await page.waitForURL((url) => url.pathname === '/oauth/authorize');
    assert.equal(await page.getByText('Open the app again').isVisible(), false, 'not before the decision');
    await picture(page, `consent-app-${look}`);
    await page.click('button[value=allow]');
    const done = page.getByRole('status');
    await done.waitFor();
    assert.equal(await done.textContent(), 'Open the app again. You can close this page.');
    assert.equal(await page.locator('button[name=decision]').count(), 0, 'no dead buttons');
    await picture(page, `app-opened-${look}`);
    await fits(page, 'the page after the app was opened');
    await accessible(page, 'the page after the app was opened');
    await context.close();
  });
}

test('without JavaScript the same sentence stands below the buttons', async () => {
  const { context, page } = await open({ javaScriptEnabled: false });
  await page.goto(authorization(app, 'com.example.app:/callback'));
  await signIn(page, service);
  const sentence = page.getByText('Open the app again. You can close this page.');
  assert.ok(await sentence.isVisible());
  const [below, button] = [await sentence.boundingBox(), await page.locator('button[value=allow]').boundingBox()];
  assert.ok(below.y >= button.y + button.height);
  await context.close();
});

test('cookies of other applications and of a second installation on the host spoil nothing', async () => {
  const second = await startService();
  try {
    const { context, page } = await openPage(browser, [service.base, second.base]);
    await page.goto(new URL('/oauth/docs', service.base).href);
    await page.evaluate(() => {
      document.cookie = 'who=José; path=/';
      document.cookie = 'город=Köln; path=/';
    });
    for (const one of [service, second]) {
      await page.goto(new URL('/oauth/sign-in', one.base).href);
      await signIn(page, one);
      await page.waitForURL((url) => url.pathname === '/oauth');
    }
    for (const one of [service, second]) {
      await page.goto(new URL('/oauth/applications', one.base).href);
      assert.equal(new URL(page.url()).pathname, '/oauth/applications', `still signed in at ${one.base}`);
    }
    await context.close();
  } finally {
    await second.stop();
  }
});
