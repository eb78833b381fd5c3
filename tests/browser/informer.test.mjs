// A real Chromium beside an Informer: one nginx in front of the fake Informer and the service, on one origin. Sign-in is
// Informer's own; its pages lead back to ours.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Visitor, startService } from '../support/service.mjs';
import { accessible, fits, launch, listen, open as openPage, picture } from './browser.mjs';

const PASSWORD = 'a rather long passphrase';
const SHIPPED = new URL('../../deploy/nginx/informer-oauth.conf', import.meta.url);

let informer;
let service;
let nginx;
let base;
let callback;
let client;
let browser;

before(async () => {
  informer = await startInformer();
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  service = await startService({
    INFORMER_OAUTH__ISSUER: base,
    INFORMER_OAUTH__HTTP__TRUSTED_PROXIES: '["127.0.0.1"]',
    INFORMER_OAUTH__IDENTITY__KIND: 'informer',
    INFORMER_OAUTH__IDENTITY__INFORMER__URL: informer.base,
    INFORMER_OAUTH__IDENTITY__INFORMER__API_TOKEN: informer.apiToken,
    INFORMER_OAUTH__IDENTITY__INFORMER__LOGIN_URL: '/login',
    INFORMER_OAUTH__IDENTITY__INFORMER__CACHE_SECONDS: '1',
  });
  nginx = await startNginx(port);
  callback = await listen();
  const admin = new Visitor(base);
  await admin.submit(await admin.request('/login'), { username: 'admin', password: PASSWORD });
  ({ client } = await admin.register({
    name: 'Sales Board',
    redirect_uri: ['http://127.0.0.1/callback'],
    pkce: true,
    enableRefreshTokens: true,
  }));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  callback?.server.close();
  await nginx?.stop();
  await service?.stop();
  await informer?.stop();
});

async function end(child) {
  child.kill('SIGTERM');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** The program `fake-informer`, which is built with the service. */
async function startInformer() {
  const program = join(dirname(process.env.INFORMER_OAUTH_BIN), 'fake-informer');
  const child = spawn(program, ['--listen', '127.0.0.1:0', '--user', 'anna'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = {};
  for await (const line of createInterface({ input: child.stdout })) {
    said.base ??= line.match(/listening on (\S+)/)?.[1];
    said.apiToken ??= line.match(/^API token: (\S+)$/)?.[1];
    if (said.base && said.apiToken) break;
  }
  assert.ok(said.apiToken, 'the fake Informer listens');
  return { ...said, stop: () => end(child) };
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** nginx with the configuration that is shipped: addresses are all that is changed. */
async function startNginx(port) {
  const folder = await mkdtemp(join(tmpdir(), 'informer-oauth-nginx-'));
  await chmod(folder, 0o755);
  const site = (await readFile(SHIPPED, 'utf8'))
    .replaceAll('127.0.0.1:3000', new URL(informer.base).host)
    .replaceAll('127.0.0.1:8787', new URL(service.base).host)
    .replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`);
  const whole = `worker_processes 1; error_log stderr warn; pid ${folder}/nginx.pid; events {} http { access_log off; ${paths.join(' ')}\n${site}\n}`;
  await writeFile(join(folder, 'nginx.conf'), whole);
  const child = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-g', 'daemon off;'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const listens = () =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
      socket.on('connect', () => socket.end());
    });
  for (let tries = 0; !(await listens()); tries += 1) {
    assert.ok(tries < 300, 'nginx does not listen');
    await wait(50);
  }
  return {
    stop: async () => {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function authorization(extra = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const url = new URL('/oauth/authorize', base);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: callback.uri,
    scope: 'read:dataset',
    state: `s ~"'<&>é/${randomBytes(4).toString('hex')}`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    prompt: 'consent',
    ...extra,
  });
  return { url: url.href, verifier, state: url.searchParams.get('state') };
}

const open = (options) => openPage(browser, [base, new URL(callback.uri).origin], options);

async function logIn(page) {
  await page.waitForURL((url) => url.pathname === '/login');
  await page.getByLabel('User name').fill('anna');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

for (const javaScriptEnabled of [true, false]) {
  test(`a person signs in at Informer and comes back to consent, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await open({ javaScriptEnabled });
    const { url, verifier, state } = authorization();
    await page.goto(url);
    await logIn(page);
    await page.getByRole('heading', { name: 'Sales Board' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/oauth/authorize', 'and is back where they wanted to go');
    await page.click('button[name=decision][value=allow]');
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    const back = callback.seen.at(-1);
    assert.equal(back.searchParams.get('state'), state);
    assert.equal(back.searchParams.get('iss'), base);
    const answer = await fetch(new URL('/oauth/token', base), {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: client.client_id,
        code: back.searchParams.get('code'),
        redirect_uri: callback.uri,
        code_verifier: verifier,
      }),
    });
    assert.equal(answer.status, 200);
    const { access_token } = await answer.json();
    const called = await fetch(new URL('/api/datasets', base), { headers: { authorization: `Bearer ${access_token}` } });
    assert.equal((await called.json()).headers['x-informer-user'], 'anna');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('somebody of support who acts for a user sees why they cannot consent', async () => {
  const { context, page, complaints } = await open({ viewport: { width: 320, height: 640 } });
  const answer = await context.request.post(new URL('/login', base).href, {
    form: { username: 'admin', password: PASSWORD, acting_for: 'anna' },
  });
  assert.equal(answer.status(), 200);
  const consent = await page.goto(authorization().url);
  assert.equal(consent.status(), 403);
  await page.getByRole('heading', { name: 'You are acting for another user' }).waitFor();
  assert.equal(await page.locator('button[name=decision]').count(), 0);
  await fits(page, 'the page for support');
  await accessible(page, 'the page for support');
  assert.equal((await page.goto(new URL('/oauth/applications', base).href)).status(), 200, 'they may look');
  assert.deepEqual(complaints, []);
  await context.close();
});

test('while Informer is gone a page says so', async () => {
  const { context, page, complaints } = await open({ viewport: { width: 320, height: 640 } });
  const target = new URL('/oauth/applications', base).href;
  await page.goto(target);
  await logIn(page);
  await page.waitForURL(target);
  const cookies = await context.cookies();
  await informer.stop();
  let answer;
  for (let tries = 0; answer?.status() !== 503; tries += 1) {
    assert.ok(tries < 100, 'what is remembered grows old');
    answer = await page.goto(target);
    await wait(100);
  }
  assert.ok(answer.headers()['retry-after']);
  assert.equal(await page.locator('h1').count(), 1);
  await picture(page, 'informer-gone');
  await fits(page, 'the page without Informer');
  await accessible(page, 'the page without Informer');
  assert.deepEqual(await context.cookies(), cookies, 'nobody is signed out');
  assert.deepEqual(complaints, []);
  await context.close();
});
