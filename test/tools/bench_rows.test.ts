// The benchmark's rows do what they say, so that a broken row is found before a measurement.
import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import pLimit from 'p-limit';
import { type Backends, startBackends } from '../../bench/backends.js';
import { measureHeldBytes } from '../../bench/flight.js';
import { type Gateway, startGateway } from '../../bench/gateway.js';
import { findRuntimes } from '../../bench/machine.js';
import { sendOne } from '../../bench/request.js';
import {
  asksApi,
  customRow,
  isForwarded,
  PATHS,
  ROWS,
  type Row,
  scaleRow,
  type WorkloadName,
  withContextReuse,
} from '../../bench/rows.js';
import { isRefused } from '../../bench/workloads.js';

const README = await readFile(new URL('../../bench/README.md', import.meta.url), 'utf8');
const EXAMPLE = README.split('```nginx\n')[1]?.split('```')[0] ?? '';
const runtimes = await findRuntimes();
/** AVA starts all tests of a file at once; this limits how many gateways run at a time. */
const inTurn = pLimit(4);

function onGateway(row: Row, run: (gateway: Gateway, backends: Backends) => Promise<void>): Promise<void> {
  return inTurn(async () => {
    const backends = await startBackends(runtimes.modern, '');
    try {
      const gateway = await startGateway(row, { runtimes, backends, affinity: '', zoneSize: '2m' });
      try {
        await run(gateway, backends);
      } finally {
        await gateway.stop();
      }
    } finally {
      await backends.stop();
    }
  });
}

async function assertRow(t: ExecutionContext, row: Row, workload: WorkloadName, path: string): Promise<void> {
  await onGateway(row, async ({ url }, backends) => {
    for (const turn of ['first', 'second']) {
      const { status, received } = await sendOne(row, url, path, 'opaque-1');
      t.is(status, isRefused(row, workload) ? 401 : 200, turn);
      if (status === 200) t.true(isForwarded(row, 'opaque-1', received), turn);
    }
    t.is(await backends.authorizationServer.requestCount(), row.introspects ? 1 : 0);
    t.is(await backends.api.requestCount(), isRefused(row, workload) || !asksApi(row) ? 0 : 2);
  });
}

const rowNamed = (name: string) => ROWS.find((row) => row.name === name) as Row;

for (const row of [
  ...ROWS,
  withContextReuse(rowNamed('access-qjs'), 2048),
  scaleRow(60),
  customRow(EXAMPLE, undefined),
]) {
  test(`${row.name}: sends the API what it says, and introspects a cached token once`, (t) =>
    assertRow(t, row, 'hot', PATHS.active));
}

for (const workload of ['denied', 'policy'] as const) {
  for (const row of ROWS.filter(
    ({ introspects, workloads }) => introspects && workloads.includes(workload),
  )) {
    test(`${row.name}, ${workload}: does what it says, without an introspection each time`, (t) =>
      assertRow(t, row, workload, PATHS[workload]));
  }
}

test('measureHeldBytes: a request in flight takes less without a script, and most with one on QuickJS', (t) =>
  inTurn(async () => {
    const backends = await startBackends(runtimes.modern, '');
    t.teardown(backends.stop);
    const heldBytes = (name: string) =>
      measureHeldBytes(backends, (behind) =>
        startGateway(rowNamed(name), { runtimes, backends: behind, affinity: '', zoneSize: '2m' }),
      );
    const [bare, njs, qjs] = [
      await heldBytes('bare'),
      await heldBytes('access-njs'),
      await heldBytes('access-qjs'),
    ];
    t.true(0 < bare && bare < njs && njs < qjs, `${bare} ${njs} ${qjs}`);
  }));
