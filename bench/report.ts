/** `npm run bench:report`: writes the figures and the picture of the README, bench/README.md and docs from the files in bench/results/. */
import { readFile, writeFile } from 'node:fs/promises';
import { drawChart } from './chart.js';
import { BenchError, runProgram } from './program.js';
import { pageParts, writeParts } from './readme_text.js';
import {
  type FlightResults,
  RESULTS,
  type RevocationResults,
  readResults,
  type ScaleResults,
  type SpeedResults,
  type TierResults,
} from './results.js';

const ROOT = new URL('../', import.meta.url);

async function main(): Promise<number> {
  const speed = await readResults<SpeedResults>(RESULTS.speed);
  const scale = await readResults<ScaleResults>(RESULTS.scale);
  const flight = await readResults<FlightResults>(RESULTS.flight);
  const revocation = await readResults<RevocationResults>(RESULTS.revocation);
  const tier = await readResults<TierResults>(RESULTS.tier);
  if (
    speed === undefined ||
    scale === undefined ||
    flight === undefined ||
    revocation === undefined ||
    tier === undefined
  ) {
    throw new BenchError(
      'bench/results/ lacks a file: run `npm run bench`, `bench:scale`, `bench:flight`, `measure:revocation` and ' +
        '`simulate:tier`',
    );
  }
  for (const [name, parts] of Object.entries(pageParts(speed, scale, flight, revocation, tier))) {
    const page = new URL(name, ROOT);
    await writeFile(page, writeParts(await readFile(page, 'utf8'), parts));
  }
  await writeFile(new URL('docs/speed.svg', ROOT), drawChart(speed));
  return 0;
}

await runProgram(main);
