// What the browser tests share: a Chromium, a page that fails its test on any complaint, and the checks that every page has
// to pass.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const screenshots = process.env.SCREENSHOTS;

/** Every look that a page has to pass in. */
export const LOOKS = [
  ['wide-light', { colorScheme: 'light' }],
  ['wide-dark', { colorScheme: 'dark' }],
  ['narrow-light', { colorScheme: 'light', viewport: { width: 320, height: 640 } }],
  ['narrow-dark', { colorScheme: 'dark', viewport: { width: 320, height: 640 } }],
];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page with cookies of its own. `complaints` is what the browser has to say: scripts, content security policy, other origins. */
export async function open(browser, origins, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // A page that answers 4xx is itself noted by the browser; that is no fault of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && !origins.includes(origin)) complaints.push(`a request to ${origin}`);
  });
  return { context, page, complaints };
}

export async function accessible(page, what) {
  // axe runs in the page, where the policy lets no script in but the page's own: hence through the debugger.
  const violations = await page.evaluate(`${axe}; axe.run(document).then((result) => result.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' ')))`);
  assert.deepEqual(violations, [], `${what} has accessibility violations`);
}

export async function fits(page, what) {
  const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(content <= window, `${what} scrolls sideways: ${content} > ${window}`);
}

export async function picture(page, name) {
  if (!screenshots) return;
  await mkdir(screenshots, { recursive: true });
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

export async function signIn(page, service) {
  await page.fill('input[name=username]', 'admin');
  await page.fill('input[name=password]', service.password);
  await page.click('button[type=submit]');
}

/** A client's own side: remembers the requests that browsers come back with. */
export async function listen() {
  const seen = [];
  const server = createServer((request, response) => {
    if (request.url.startsWith('/callback')) seen.push(new URL(request.url, 'http://127.0.0.1'));
    response.setHeader('content-type', 'text/html').end('<!doctype html><html lang="en"><title>Client</title><h1>Welcome back</h1>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, seen, uri: `http://127.0.0.1:${server.address().port}/callback` };
}
