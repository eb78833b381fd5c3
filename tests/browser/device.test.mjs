// A real Chromium connects a device: from the code on its screen to its tokens, with and without JavaScript, by keyboard
// alone, from a QR code. Every page on the way passes axe-core, fits 320 px, and loads nothing from elsewhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import jsQR from 'jsqr';
import { Visitor, startService } from '../support/service.mjs';
import { LOOKS, accessible, fits, launch, open as openPage, picture, signIn as signInAs } from './browser.mjs';

const AGENT = 'Mozilla/5.0 (SMART-TV; Linux; Tizen 9.0) AppleWebKit/537.36';

let service;
let browser;
let client;

before(async () => {
  // Each look types a wrong code.
  service = await startService({ INFORMER_OAUTH__LIMITS__USER_CODE_ATTEMPTS: '50' });
  const admin = new Visitor(service.base);
  await admin.signIn('admin', service.password);
  ({ client } = await admin.register({
    name: 'Wall Display',
    description: 'Shows the numbers of the day in the hall',
    url: 'https://display.example.com/',
    redirect_uri: ['https://display.example.com/callback'],
    pkce: true,
    enableRefreshTokens: true,
  }));
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

const open = (options) => openPage(browser, [service.base], options);
const signIn = (page) => signInAs(page, service);

/** A device that has just been switched on. */
async function device(scope = 'read:dataset write:report read:profile') {
  const answer = await fetch(new URL('/oauth/device_authorization', service.base), {
    method: 'POST',
    headers: { 'user-agent': AGENT },
    body: new URLSearchParams({ client_id: client.client_id, scope }),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

async function poll({ device_code }) {
  const answer = await fetch(new URL('/oauth/token', service.base), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: client.client_id,
      device_code,
    }),
  });
  return answer.json();
}

for (const javaScriptEnabled of [true, false]) {
  test(`a person connects a device, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
    const { context, page, complaints } = await open({ javaScriptEnabled });
    const shown = await device();
    await page.goto(shown.verification_uri);
    assert.equal(new URL(page.url()).pathname, '/oauth/sign-in', 'sign-in comes first');
    await signIn(page);
    assert.equal(new URL(page.url()).pathname, '/oauth/device', 'and leads back');
    await page.getByLabel('Code on the device').fill(shown.user_code.replace('-', '').toLowerCase());
    await page.getByRole('button', { name: 'Continue' }).click();
    const text = await page.textContent('main');
    for (const part of [/Wall Display/, /A television/, /127\.0\.0\.1/, /Less than a minute ago/, /Did somebody send you this code/]) {
      assert.match(text, part);
    }
    assert.ok(text.includes(AGENT) && text.includes(shown.user_code));
    assert.equal((await poll(shown)).error, 'authorization_pending');
    await page.getByRole('checkbox', { name: 'read:profile' }).uncheck();
    await page.getByRole('combobox').selectOption('write:report');
    await page.click('button[name=decision][value=allow]');
    await page.getByRole('heading', { name: 'you can go back to your device' }).waitFor();
    assert.equal(new URL(page.url()).origin, service.base, 'nobody is sent elsewhere');
    const tokens = await poll(shown);
    assert.equal(tokens.scope, 'read:dataset read:report');
    assert.ok(tokens.access_token && tokens.refresh_token);
    assert.deepEqual(complaints, []);
    await context.close();
  });
}

test('the keyboard alone confirms a code and denies', async () => {
  const { context, page, complaints } = await open();
  const shown = await device();
  await page.goto(shown.verification_uri_complete);
  await page.locator('#username:focus').waitFor();
  await page.keyboard.type('admin');
  await page.keyboard.press('Tab');
  await page.keyboard.type(service.password);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === '/oauth/device');
  assert.equal(await page.inputValue('#user_code'), shown.user_code);
  assert.doesNotMatch(await page.textContent('main'), /Wall Display/, 'who asks is not shown before the code is confirmed');
  const tabTo = async (wanted) => {
    for (let tabs = 0; tabs < 40; tabs += 1) {
      await page.keyboard.press('Tab');
      // A browser that is still busy may lose a key; then the focus stays on the page as a whole.
      const focused = await page.evaluate(() => {
        const element = document.activeElement;
        return element === document.body ? '' : `${element?.textContent}|${element?.getAttribute('value')}`;
      });
      if (focused.includes(wanted)) return;
    }
    assert.fail(`nothing called ${wanted} takes the focus`);
  };
  await tabTo('Yes, it shows this code');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Wall Display' }).waitFor();
  await tabTo('read:dataset');
  await page.keyboard.press('Space');
  assert.equal(await page.getByRole('checkbox', { name: 'read:dataset' }).isChecked(), false);
  await tabTo('|deny');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Denied' }).waitFor();
  assert.equal((await poll(shown)).error, 'access_denied');
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a typed code needs no mouse either: the field has the focus', async () => {
  const { context, page } = await open();
  await page.goto(new URL('/oauth/device', service.base).href);
  await signIn(page);
  const shown = await device();
  await page.locator('#user_code:focus').waitFor();
  await page.keyboard.type(shown.user_code);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Wall Display' }).waitFor();
  await context.close();
});

test('a QR code leads to the page that it belongs to, at every size', async () => {
  const { context, page, complaints } = await open();
  const shown = await device();
  await page.goto(new URL('/oauth/device', service.base).href);
  for (const [query, address] of [
    [`?code=${shown.user_code}`, shown.verification_uri_complete],
    ['', shown.verification_uri],
  ]) {
    for (const size of [120, 300]) {
      const pixels = await page.evaluate(async ([url, size]) => {
        const image = new Image(size, size);
        image.src = url;
        await image.decode();
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = size;
        const drawing = canvas.getContext('2d');
        drawing.drawImage(image, 0, 0, size, size);
        return [...drawing.getImageData(0, 0, size, size).data];
      }, [`/oauth/device/qr.svg${query}`, size]);
      assert.equal(jsQR(Uint8ClampedArray.from(pixels), size, size)?.data, address, `${size} pixels`);
    }
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const [look, options] of LOOKS) {
  test(`every page of the device flow is accessible and fits, ${look}`, async () => {
    const { context, page, complaints } = await open(options);
    const look_at = async (name, heading) => {
      await page.getByRole('heading', { name: heading }).waitFor();
      await picture(page, `${name}-${look}`);
      await fits(page, name);
      await accessible(page, name);
    };
    const device_page = new URL('/oauth/device', service.base).href;
    const shown = await device('read:dataset write:dataset write:report read:profile');
    await page.goto(device_page);
    await signIn(page);
    await look_at('device-code', 'Connect a device');
    await page.fill('#user_code', 'BBBB-BBBB');
    await page.getByRole('button', { name: 'Continue' }).click();
    assert.match(await page.getByRole('alert').textContent(), /No device is waiting/);
    await look_at('device-code-wrong', 'Connect a device');
    await page.goto(shown.verification_uri_complete);
    await look_at('device-confirm', 'Does your device show this code?');
    await page.getByRole('button', { name: 'Yes, it shows this code' }).click();
    await look_at('device-decision', 'Wall Display');
    const weight = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .reduce((sum, entry) => sum + entry.decodedBodySize, 0));
    assert.ok(weight > 5_000 && weight < 60_000, `${weight} bytes`);
    await page.click('button[value=allow]');
    await look_at('device-allowed', 'Allowed');
    await page.goto((await device()).verification_uri_complete);
    await page.getByRole('button', { name: 'Yes, it shows this code' }).click();
    await page.click('button[value=deny]');
    await look_at('device-denied', 'Denied');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
