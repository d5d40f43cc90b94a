/** The demo with its page, and Chromium to look at it. */
import type { ExecutionContext } from 'ava';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import type { ServerName } from '../../demo/command_line.mjs';
import { type StartedDemo, startDemo } from '../../demo/start.js';
import { resolveChromium } from '../../runtime/chromium.mjs';

export interface RunningDemo extends StartedDemo {
  stop(): Promise<void>;
}

/** Starts the demo on free ports, without its walk. Its buttons work after `control.openToAll`. */
export async function startDemoOnFreePorts(server: ServerName = 'jwt'): Promise<RunningDemo> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne();
  };
  const ports = { gateway: 0, authorizationServer: 0, api: 0 };
  try {
    const demo = await startDemo(
      { once: true, dpop: false, server, ports },
      stops,
      new AbortController().signal,
    );
    return { ...demo, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @throws with what to install when there is no Chromium */
export async function launchBrowser(): Promise<Browser> {
  const found = await resolveChromium();
  if ('problem' in found) throw new Error(`${found.problem}.\n${found.advice}.`);
  return chromium.launch({ executablePath: found.path });
}

export const PHONE = { width: 360, height: 740 };
export const TABLET = { width: 820, height: 1100 };
export const DESK = { width: 1280, height: 900 };

/** On a busy machine; what takes longer names its own time. */
const STEP_TIMEOUT_MS = 15_000;

/** What Chromium itself writes of every answer from 400 on; the page asks for such answers on purpose. */
const ANSWER_OF_GATEWAY = /^Failed to load resource: the server responded with a status of (401|502|503) /;

/** Opens the page when its buttons work; at the end of the test, nothing may have gone wrong that only the console shows. */
export async function openPage(
  t: ExecutionContext,
  browser: Browser,
  { gatewayUrl }: RunningDemo,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: DESK, reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(STEP_TIMEOUT_MS);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    const text = message.text();
    if (['error', 'warning'].includes(message.type()) && !ANSWER_OF_GATEWAY.test(text)) problems.push(text);
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${gatewayUrl}/`)) problems.push(`a request to ${request.url()}`);
  });
  t.teardown(async () => {
    await context.close();
    if (problems.length > 0) throw new Error(`the console of the page: ${problems.join('; ')}`);
  });
  await page.goto(`${gatewayUrl}/`);
  return page;
}

/** Resolves when the buttons work. */
export async function whenReady(page: Page): Promise<void> {
  await page.locator('#next[aria-disabled="false"]').waitFor();
}

/** Calls through a button, and resolves when the page shows the answer. */
export async function callBy(page: Page, button: string, badge: string | RegExp): Promise<void> {
  const answered = page.waitForResponse((response) => response.url().endsWith('/watch/hello'));
  await page.locator(button).click();
  await answered;
  await page.locator('#answer .badge', { hasText: badge }).waitFor();
  await page.locator('#answers li:first-child .badge', { hasText: badge }).waitFor();
}
