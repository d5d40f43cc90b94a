/** `npm run picture`: writes docs/demo.png, the README's picture of the demo's page, after one MISS and some HITs. */
import { stat } from 'node:fs/promises';
import { callBy, launchBrowser, startDemoOnFreePorts, whenReady } from '../support/demo_page.js';
import { REPOSITORY } from '../support/pages.js';

const PICTURE = `${REPOSITORY}docs/demo.png`;
const MARGIN_PX = 24;
/** One more picture of this size would slow the README down. */
const LARGEST_BYTES = 200_000;

const demo = await startDemoOnFreePorts();
const browser = await launchBrowser();
try {
  demo.control.openToAll();
  const viewport = { width: 1240, height: 1000 };
  const page = await browser.newPage({
    viewport,
    deviceScaleFactor: 1.25,
    colorScheme: 'light',
    reducedMotion: 'reduce',
  });
  await page.goto(demo.gatewayUrl);
  await whenReady(page);
  await page.locator('#get').click();
  await page.locator('#token:not([data-empty])').waitFor();
  await callBy(page, '#call', '200 MISS');
  for (let hits = 0; hits < 4; hits++) await callBy(page, '#call', '200 HIT');
  await page.mouse.move(0, 0);
  const way = await page.locator('#way').boundingBox();
  const height = Math.ceil((way?.y ?? 0) + (way?.height ?? 0) + MARGIN_PX);
  await page.screenshot({ path: PICTURE, clip: { x: 0, y: 0, width: viewport.width, height }, fullPage: true });
} finally {
  await browser.close();
  await demo.stop();
}
const { size } = await stat(PICTURE);
console.log(`${PICTURE}: ${size} bytes`);
if (size > LARGEST_BYTES) {
  console.error(`more than ${LARGEST_BYTES}`);
  process.exitCode = 1;
}
