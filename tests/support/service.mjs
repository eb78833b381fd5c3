// Starts the real binary on a temporary folder and a free port, and does what a person does in a browser: signs in, sends
// forms. Nothing here knows more than a client could.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const binary = process.env.INFORMER_OAUTH_BIN;
if (!binary) throw new Error('INFORMER_OAUTH_BIN must name the built binary: run these tests with `cargo xtask test`');

/** Starts a service; `await service.stop()` ends it and removes its folder. */
export async function startService(environment = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'informer-oauth-'));
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('INFORMER_OAUTH')));
  const child = spawn(binary, ['serve', '--listen', '127.0.0.1:0'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, INFORMER_OAUTH__SECRETS__BCRYPT_COST: '4', ...environment },
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log += chunk));
  const service = { folder, password: undefined, base: undefined };
  const listening = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const password = line.trim().match(/^password: (\S+)$/);
      if (password) service.password = password[1];
      const address = line.match(/listening on (\S+)/);
      if (address) {
        service.base = address[1];
        // Keeps reading, so that the pipe never fills up.
        child.stdout.resume();
        return;
      }
    }
    throw new Error(`the service ended before it listened:\n${log}`);
  })();
  await listening;
  service.log = () => log;
  service.stop = async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  return service;
}

/** A browser without a screen: keeps cookies, follows no redirect, sends forms with the hidden fields that the page had. */
export class Visitor {
  #cookies = new Map();

  constructor(base) {
    this.base = base;
  }

  async request(url, { method = 'GET', form, json, body, headers = {} } = {}) {
    const response = await fetch(new URL(url, this.base), {
      method,
      redirect: 'manual',
      headers: {
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(method === 'GET' ? {} : { origin: this.base }),
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: form ? new URLSearchParams(form) : json ? JSON.stringify(json) : body,
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair] = cookie.split(';');
      const at = pair.indexOf('=');
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return response;
  }

  /** Sends the form of a page that asks for `answers`, with what it has hidden. */
  async submit(page, answers) {
    const html = await page.text();
    const wanted = Object.keys(answers).map((name) => `name="${name}"`);
    const form = [...html.matchAll(/<form[^>]*method="post"[^]*?<\/form>/gi)]
      .map(([text]) => text)
      .find((text) => wanted.every((name) => text.includes(name)));
    if (!form) throw new Error(`there is no form that asks for ${wanted}:\n${html}`);
    const action = unescape(form.match(/action="([^"]*)"/)?.[1] ?? new URL(page.url).pathname);
    const hidden = [...form.matchAll(/<input[^>]*type="hidden"[^>]*>/g)].map(([input]) => [
      unescape(input.match(/name="([^"]*)"/)[1]),
      unescape(input.match(/value="([^"]*)"/)?.[1] ?? ''),
    ]);
    return this.request(action, { method: 'POST', form: [...hidden, ...Object.entries(answers)] });
  }

  async signIn(username, password) {
    const answer = await this.submit(await this.request('/oauth/sign-in'), { username, password });
    if (answer.status !== 303) throw new Error(`signing in failed: ${answer.status}\n${await answer.text()}`);
  }

  /** Walks an authorization URL to its end as a signed-in user who allows everything: the URL that the client gets. */
  async allow(authorizationUrl) {
    let answer = await this.request(authorizationUrl);
    if (answer.status === 200) answer = await this.submit(answer, { decision: 'allow' });
    if (answer.status !== 303) throw new Error(`authorizing failed: ${answer.status}\n${await answer.text()}`);
    return new URL(answer.headers.get('location'));
  }

  /** Says yes or no to the device that shows a user code. */
  async decideDevice(userCode, approve) {
    const json = { user_code: userCode, approve };
    const answer = await this.request('/api/oauth/authorize_device', { method: 'POST', json });
    if (answer.status !== 204) throw new Error(`deciding failed: ${answer.status}\n${await answer.text()}`);
  }

  /** Registers a client through the management API, with a secret where asked. */
  async register(profile, { secret = false } = {}) {
    const created = await this.request('/api/oauth-clients', { method: 'POST', json: profile });
    if (created.status !== 201) throw new Error(`registering failed: ${created.status}\n${await created.text()}`);
    const client = await created.json();
    if (!secret) return { client };
    const added = await this.request(`/api/oauth-clients/${client.id}/secrets`, { method: 'POST', json: {} });
    return { client, secret: (await added.json()).secret };
  }
}

function unescape(text) {
  const named = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", '#34': '"', '#38': '&', '#60': '<', '#62': '>' };
  return text.replace(/&([a-z#0-9]+);/gi, (whole, name) => named[name] ?? whole);
}
