// The demo's page in Chromium: what its buttons do through a real gateway, and how it looks on a phone and at a desk.
import { readFileSync } from 'node:fs';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import axe, { type AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { request } from 'undici';
import {
  callBy,
  DESK,
  launchBrowser,
  openPage,
  PHONE,
  type RunningDemo,
  startDemoOnFreePorts,
  TABLET,
  whenReady,
} from '../support/demo_page.js';
import { REPOSITORY } from '../support/pages.js';

interface Context {
  browser: Browser;
  demo: RunningDemo;
}

// One after the other: they share an authorization server, which some of them stop.
const test = (anyTest as TestFn<Context>).serial;
const OPAQUE_TOKEN = /^[A-Za-z0-9_-]{43}$/;
/** A record of /watch/ lives 10 seconds. */
const RECORD_END_TIMEOUT_MS = 30_000;

test.before('starts the demo and the browser', async (t) => {
  t.context.demo = await startDemoOnFreePorts();
  t.context.browser = await launchBrowser();
});

test.after.always('stops both', async (t) => {
  await t.context.browser?.close();
  await t.context.demo?.stop();
});

/** The text of an element; waits until the page has it. */
async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? '';
}

test('while the walk in the terminal counts requests, the page says so and its buttons do nothing', async (t) => {
  const page = await openPage(t, t.context.browser, t.context.demo);
  await page.locator('#told', { hasText: 'The walk in the terminal still runs.' }).waitFor();
  const disabled = await page.locator('button[aria-disabled="true"]').count();
  t.is(disabled, await page.locator('button').count());
  // Chromium's driver would wait for the button to be enabled.
  await page.locator('#get').click({ force: true });
  t.is(await textOf(page, '#token'), 'none yet');
  const { gatewayUrl, authorizationServer, control } = t.context.demo;
  const early = await request(`${gatewayUrl}/demo/stop`, { method: 'POST', headers: { origin: gatewayUrl } });
  t.is(early.statusCode, 409);
  t.true((await fetch(`${authorizationServer.issuer}/jwks`)).ok);

  control.openToAll();
  await whenReady(page);
  t.regex(await textOf(page, '#told'), /^All is ready\./);
});

/** The suggestions of the page, and what follows: an answer to a call, or the first words of what it tells. */
const TOUR: [suggestion: string, follows: string][] = [
  ['Get a token', 'The client has a token'],
  ['Call the API', '200 MISS'],
  ['Call again', '200 HIT'],
  ['Revoke the token', '401 MISS'],
  ['Get another token', 'The client has a token'],
  ['Call the API', '200 MISS'],
  ['Purge the token', 'Purged'],
  ['Call with it', '401 NEGATIVE'],
  ['Get another token', 'The client has a token'],
  ['Call the API', '200 MISS'],
  ['Stop the server', '200 STALE'],
  ['Call with an unknown token', '502 MISS'],
  ['Call with an unknown token', '503 MISS'],
  ['Start the server again', '200 MISS'],
];

test('with the Enter key alone one sees MISS, HIT, a revoked token to its end, purge, STALE, 502, 503 and the return', async (t) => {
  const page = await openPage(t, t.context.browser, t.context.demo);
  await whenReady(page);
  await page.keyboard.press('Tab');
  t.is(await page.evaluate('document.activeElement.id'), 'next', 'the first stop of the Tab key');
  for (const [suggestion, follows] of TOUR) {
    await page.locator('#next', { hasText: new RegExp(`^${suggestion}$`) }).waitFor();
    await page.keyboard.press('Enter');
    const shown = /^\d/.test(follows)
      ? page.locator('#answer:not([hidden]) .badge', { hasText: new RegExp(`^${follows}$`) })
      : page.locator('#told', { hasText: new RegExp(`^${follows}`) });
    await shown.waitFor({ timeout: RECORD_END_TIMEOUT_MS });
    if (suggestion === 'Revoke the token') {
      // For 10 seconds at most after the MISS, which was a moment before.
      t.regex(
        await textOf(page, '#told'),
        /The token was served for (?:[89]|10)\.\d seconds after it was revoked/,
      );
      t.true((await page.locator('#answers .hit').count()) > 5, 'a call each second until then');
    }
  }
  t.is(await page.evaluate('document.activeElement.id'), 'next');
});

test('the buttons of each party, on a phone: what each does is done at the servers, and shown', async (t) => {
  const { demo, browser } = t.context;
  const { authorizationServer, api } = demo;
  const page = await openPage(t, browser, demo, { viewport: PHONE, hasTouch: true });
  await whenReady(page);

  await page.locator('#get').click();
  await page.locator('#token:not([data-empty])').waitFor();
  const token = await textOf(page, '#token');
  t.regex(token, OPAQUE_TOKEN);

  const asked = authorizationServer.introspections.length;
  await callBy(page, '#call', '200 MISS');
  t.is(authorizationServer.introspections.length, asked + 1);
  const arrived = api.requests.at(-1)?.headers.authorization ?? '';
  t.is(`Bearer ${await textOf(page, '#jwt')}`, arrived, 'what the API got');
  t.notRegex(arrived, new RegExp(token));
  const claims = await textOf(page, '#jwt-claims');
  t.regex(claims, /sub *demo-client/);
  t.regex(claims, /scope *read/);
  t.regex(await textOf(page, '#jwt-header'), /alg *RS256/);
  await page.locator('#record[data-state="stored"]').waitFor();

  await callBy(page, '#call', '200 HIT');
  t.is(authorizationServer.introspections.length, asked + 1);
  t.is(await page.locator('#answers .bar').count(), 2);

  const served = api.requests.length;
  await callBy(page, '#unknown', '401 MISS');
  t.is(api.requests.length, served);
  t.regex(await textOf(page, '#jwt'), /^nothing/);
  await page.locator('#log span', { hasText: '401 cache="MISS" reason="token_inactive"' }).first().waitFor();

  await page.locator('#watch').click();
  await page.locator('#watch[aria-pressed="true"]').waitFor();
  await page.locator('#answers li:nth-child(5)').waitFor();
  await page.locator('#watch').click();
  await page.locator('#watch[aria-pressed="false"]').waitFor();

  await page.locator('#purge').click();
  await page.locator('#record[data-state="purged"]').waitFor();
  await page.locator('#log span', { hasText: '"POST /purge HTTP/1.1" 200' }).first().waitFor();
  await callBy(page, '#call', '401 NEGATIVE');
  await page.locator('#token.gone').waitFor();

  await page.locator('#get').click();
  await page.locator('#token:not(.gone)').waitFor();
  await page.locator('#revoke').click();
  await page.locator('#told', { hasText: 'Revoked before the gateway has ever seen it.' }).waitFor();
  await callBy(page, '#call', '401 MISS');

  await page.locator('#power').click();
  await page.locator('#server-state', { hasText: 'down' }).waitFor();
  await t.throwsAsync(fetch(`${authorizationServer.issuer}/jwks`));
  t.is(await page.locator('#get').getAttribute('aria-disabled'), 'true', 'nobody can issue a token');
  await page.locator('#power').click();
  await page.locator('#server-state', { hasText: 'up' }).waitFor();
  t.true((await fetch(`${authorizationServer.issuer}/jwks`)).ok);
});

test('while the server is down, each answer of the calls every second says so and what the record does; an unknown token ends them, so that its answer stays', async (t) => {
  const { demo, browser } = t.context;
  const page = await openPage(t, browser, demo);
  await whenReady(page);
  await page.locator('#get').click();
  await callBy(page, '#call', '200 MISS');
  await page.locator('#power').click();
  await page.locator('#answers li:nth-child(2) .badge', { hasText: '200 HIT' }).waitFor();
  await page.locator('#told', { hasText: /is down, and the record still answers/ }).waitFor();
  t.is(await page.locator('#watch').getAttribute('aria-pressed'), 'true');
  // 503 when the test before has just stopped it.
  await callBy(page, '#unknown', /^50[23] MISS$/);
  await page.locator('#watch[aria-pressed="false"]').waitFor();
  t.regex(await textOf(page, '#answers li:first-child .badge'), /^50[23] MISS$/);
  t.regex(await textOf(page, '#told'), /^(Never 401|Answered at once)/);

  await page.locator('#purge').click();
  await page.locator('#record[data-state="purged"]').waitFor();
  await page.locator('#next', { hasText: /^Call with it$/ }).waitFor();
  await page.locator('#power').click();
  await page.locator('#told', { hasText: 'The gateway still refuses this token, and asks nobody' }).waitFor();
  await page.locator('#server-state', { hasText: 'up' }).waitFor();
  t.is(await page.locator('#wire-ask').getAttribute('data-passed'), null, 'no failure beside "up"');
  t.is(await textOf(page, '#carried-ask'), 'asked on a miss only');
  await callBy(page, '#call', '401 NEGATIVE');
});

test('the lines of nginx.conf are those of demo/nginx.conf, and those that the last step used are marked', async (t) => {
  const { demo, browser } = t.context;
  const page = await openPage(t, browser, demo);
  await whenReady(page);
  const conf = readFileSync(`${REPOSITORY}demo/nginx.conf`, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  const lines = await page.locator('#conf span').allTextContents();
  t.true(lines.length > 15);
  t.deepEqual(
    lines.filter((line) => !conf.includes(line.trim())),
    [],
  );
  await page.locator('#get').click();
  await callBy(page, '#call', '200 MISS');
  const marked = await page.locator('#conf .used').allTextContents();
  t.true(marked.some((line) => line.includes('$phantom_token_introspection_endpoint /introspect;')));
});

for (const [server, signer] of [
  ['json', 'which answered with JSON, and signed a JWT itself'],
  ['rfc9701', 'verified the signature of the answer, and signed a JWT itself'],
] as const) {
  test(`--server ${server}: the page says who signs, and shows the JWT of the gateway`, async (t) => {
    const demo = await startDemoOnFreePorts(server);
    t.teardown(demo.stop);
    demo.control.openToAll();
    const page = await openPage(t, t.context.browser, demo);
    await whenReady(page);
    await page.locator('#get').click();
    await callBy(page, '#call', '200 MISS');
    t.true((await textOf(page, '#told')).includes(signer));
    t.regex(await textOf(page, '#jwt-header'), /alg *ES256/);
    await callBy(page, '#call', '200 HIT');
  });
}

test('when the demo has ended, the page says how to start it again', async (t) => {
  const demo = await startDemoOnFreePorts();
  t.teardown(demo.stop);
  const page = await t.context.browser.newPage();
  await page.goto(`${demo.gatewayUrl}/`);
  await page.locator('#told', { hasText: 'The walk' }).waitFor();
  await demo.stop();
  await page.locator('#told', { hasText: 'start it again' }).waitFor();
  t.true((await textOf(page, '#told')).includes('start it again: npm start'));
  await page.close();
});

// Looks

/** Brings the page to a state in which everything is filled, or the API is empty. */
const STATES: Record<string, (page: Page) => Promise<void>> = {
  'at its beginning': async () => {},
  'after a hit': async (page) => {
    await page.locator('#get').click();
    await callBy(page, '#call', '200 MISS');
    await callBy(page, '#call', '200 HIT');
  },
  'without an authorization server': async (page) => {
    await page.locator('#power').click();
    await page.locator('#server-state', { hasText: 'down' }).waitFor();
    // 503 when the test before has just stopped it.
    await callBy(page, '#unknown', /^50[23] MISS$/);
  },
};

/** Starts the authorization server again if a state stopped it. */
async function leaveState(page: Page): Promise<void> {
  if ((await textOf(page, '#server-state')) === 'down') {
    await page.locator('#power').click();
    await page.locator('#server-state', { hasText: 'up' }).waitFor();
  }
}

/**
 * In the page: elements that cross the edges of the window or each other. Those that hold each other are no pair, and the
 * bar at the foot of a phone's window lies above the rest on purpose.
 */
const FIND_COLLISIONS = `(() => {
  const shown = [...document.querySelectorAll('h1, h2, p, dl, button, li, pre, article, .panel, .wire .carried, .badge, .label')]
    .filter((element) => element.checkVisibility() && element.textContent.trim() !== '');
  const boxes = shown.map((element) => ({ element, box: element.getBoundingClientRect() }));
  const name = ({ element }) => element.id || element.className || element.tagName + ' ' + element.textContent.slice(0, 20);
  const bar = document.querySelector('.tour');
  const isFixed = getComputedStyle(bar).position === 'fixed';
  const isApart = (a, b) => isFixed && bar.contains(a.element) !== bar.contains(b.element);
  const isNested = (a, b) => a.element.contains(b.element) || b.element.contains(a.element);
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const found = boxes.filter(({ box }) => box.left < 0 || box.right > innerWidth).map((a) => name(a) + ' crosses the edge');
  boxes.forEach((a, index) => {
    for (const b of boxes.slice(index + 1)) {
      if (!isNested(a, b) && !isApart(a, b) && meet(a.box, b.box)) found.push(name(a) + ' overlaps ' + name(b));
    }
  });
  for (const { element } of boxes) {
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0) found.push(name({ element }) + ' is cut off');
  }
  if (document.documentElement.scrollWidth > innerWidth) found.push('the page scrolls sideways');
  return found;
})()`;

for (const [device, viewport] of [
  ['a phone', PHONE],
  ['a tablet', TABLET],
  ['a desk', DESK],
] as const) {
  for (const [state, enter] of Object.entries(STATES)) {
    test(`on ${device} of ${viewport.width} pixels, ${state}: nothing overlaps, is cut off or scrolls sideways`, async (t) => {
      const page = await openPage(t, t.context.browser, t.context.demo, { viewport });
      await whenReady(page);
      await enter(page);
      t.deepEqual(await page.evaluate(FIND_COLLISIONS), []);
      await leaveState(page);
    });
  }
}

test('on a phone the bar with the next step covers nothing at the end of the page, and its button is large enough for a thumb', async (t) => {
  const page = await openPage(t, t.context.browser, t.context.demo, { viewport: PHONE, hasTouch: true });
  await whenReady(page);
  await STATES['after a hit']?.(page);
  await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)');
  const footer = await page.locator('footer').boundingBox();
  const bar = await page.locator('.tour').boundingBox();
  t.true((footer?.y ?? 0) + (footer?.height ?? 0) <= (bar?.y ?? 0));
  for (const button of await page.locator('button').all()) {
    t.true(((await button.boundingBox())?.height ?? 0) >= 44, await button.innerText());
  }
});

for (const viewport of [PHONE, TABLET]) {
  test(`at ${viewport.width} pixels the line of the JWT leads from nginx to the API beside the authorization server, which does not send it`, async (t) => {
    const page = await openPage(t, t.context.browser, t.context.demo, { viewport });
    await whenReady(page);
    await STATES['after a hit']?.(page);
    const [gateway, server, api, line] = await Promise.all(
      ['.gateway', '.server', '.api', '#wire-out .line'].map((selector) => boxOf(page, selector)),
    );
    t.deepEqual([line?.top, line?.bottom], [gateway?.bottom, api?.top]);
    t.true((line?.right ?? Infinity) < (server?.left ?? 0));
    t.true((line?.left ?? 0) > (gateway?.left ?? Infinity));
  });
}

/** In whole pixels. */
async function boxOf(page: Page, selector: string) {
  const box = await page.locator(selector).boundingBox();
  if (box === null) throw new Error(`${selector} is not shown`);
  return {
    left: Math.round(box.x),
    right: Math.round(box.x + box.width),
    top: Math.round(box.y),
    bottom: Math.round(box.y + box.height),
  };
}

test('on a phone the bar with the next step is as high as its text: it hides no button of the client at the start, and takes less than a third with the longest text', async (t) => {
  const page = await openPage(t, t.context.browser, t.context.demo, { viewport: PHONE });
  await whenReady(page);
  const start = await boxOf(page, '.tour');
  for (const button of ['#get', '#call', '#watch', '#unknown']) {
    t.true((await boxOf(page, button)).bottom <= start.top, button);
  }
  await STATES['after a hit']?.(page);
  await page.evaluate(WRITE_LONGEST_TEXT);
  const { top, bottom } = await boxOf(page, '.tour');
  t.true(bottom - top > start.bottom - start.top);
  t.true(bottom - top < PHONE.height / 3, `${bottom - top} pixels`);
});

/** What a call says after a revocation, which takes a record's life to see. */
const WRITE_LONGEST_TEXT = `import('/tour.js').then(({ tellCall }) => {
  document.getElementById('told').textContent = tellCall({ outcome: 'denied' }, 'revoked', {}, true, 9.9).text;
})`;

for (const colorScheme of ['light', 'dark'] as const) {
  for (const viewport of [PHONE, DESK]) {
    for (const [state, enter] of Object.entries(STATES)) {
      test(`${colorScheme}, ${viewport.width} pixels, ${state}: axe finds nothing serious`, async (t) => {
        const page = await openPage(t, t.context.browser, t.context.demo, { viewport, colorScheme });
        await whenReady(page);
        await enter(page);
        await assertAccessible(t, page);
        await leaveState(page);
      });
    }
  }
}

async function assertAccessible(t: ExecutionContext<Context>, page: Page): Promise<void> {
  // Evaluated by the debugger, which the page's Content-Security-Policy does not bind.
  await page.evaluate(axe.source);
  const { violations, passes } = (await page.evaluate('axe.run()')) as AxeResults;
  t.true(passes.length > 20);
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  t.deepEqual(
    serious.map(({ id, nodes }) => [
      id,
      nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`),
    ]),
    [],
  );
}

for (const [reducedMotion, holds] of [
  ['no-preference', 'the token is seen to travel'],
  ['reduce', 'nothing moves'],
] as const) {
  test(`prefers-reduced-motion ${reducedMotion}: ${holds}`, async (t) => {
    const page = await openPage(t, t.context.browser, t.context.demo, { reducedMotion });
    await whenReady(page);
    await page.evaluate("addEventListener('animationstart', () => { document.body.dataset.moved = '' })");
    await page.locator('#get').click();
    await callBy(page, '#call', '200 MISS');
    if (reducedMotion === 'no-preference') await page.locator('body[data-moved]').waitFor();
    else t.is(await page.evaluate('document.getAnimations().length'), 0);
    t.is(await page.evaluate("'moved' in document.body.dataset"), reducedMotion === 'no-preference');
  });
}

// Who may use the commands

test('the page is sent with a Content-Security-Policy that allows nothing from elsewhere and no script in the page', async (t) => {
  const { headers } = await request(t.context.demo.gatewayUrl);
  const policy = String(headers['content-security-policy']);
  t.regex(policy, /^default-src 'none'; /);
  const sources = [...policy.matchAll(/-(?:src|uri|action|ancestors) ([^;]*)/g)].map(([, value]) => value);
  t.true(
    sources.every((value) => value === "'self'" || value === "'none'"),
    policy,
  );
});

const FOREIGN: [what: string, path: string, method: 'GET' | 'POST', headers: Record<string, string>][] = [
  ['another site sends a command', '/demo/stop', 'POST', { origin: 'https://evil.example' }],
  ['a command names no site', '/demo/stop', 'POST', {}],
  [
    "another site's name leads to this machine",
    '/demo/token',
    'POST',
    { host: 'evil.example', origin: 'http://evil.example' },
  ],
  ["the log is read under another site's name", '/demo/events', 'GET', { host: 'evil.example' }],
];

for (const [what, path, method, headers] of FOREIGN) {
  test(`${what}: 403, since a browser on this machine may show any site`, async (t) => {
    const { gatewayUrl, authorizationServer } = t.context.demo;
    const response = await request(gatewayUrl + path, { method, headers });
    t.is(response.statusCode, 403);
    t.true((await fetch(`${authorizationServer.issuer}/jwks`)).ok);
  });
}
