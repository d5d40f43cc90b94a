import test from 'ava';
import { FLIGHT_ROWS } from '../../bench/flight.js';
import { startHeldApi } from '../../bench/held_api.js';
import { ROWS, type Row, withContextReuse } from '../../bench/rows.js';

test('FLIGHT_ROWS: each row is measured beside the bare row of its nginx, with which it is compared', (t) => {
  const names = FLIGHT_ROWS.map(({ name }) => name);
  for (const { name, bare } of FLIGHT_ROWS) t.true(names.includes(bare), name);
});

test('withContextReuse: sets the number of contexts at http level, above everything that the row has', (t) => {
  const row = withContextReuse(ROWS.find(({ name }) => name === 'access-qjs') as Row, 2048);
  t.is(row.name, 'access-qjs-reuse-2048');
  const http = row.http({ listen: '127.0.0.1:1', prefix: '/tmp/a', zoneSize: '1m' });
  t.regex(http, /^js_context_reuse 2048;\s+js_engine qjs;/);
});

test('startHeldApi: a request stays in flight until it is released, and those before were answered at once', async (t) => {
  const api = await startHeldApi();
  t.teardown(api.stop);
  const send = async () => (await fetch(`http://127.0.0.1:${api.port}/`)).status;
  t.is(await send(), 200);
  api.hold();
  let answered = 0;
  const answers = [send(), send()].map((answer) => answer.finally(() => (answered += 1)));
  await api.holds(2);
  t.is(answered, 0);
  api.release();
  t.deepEqual(await Promise.all(answers), [200, 200]);
  t.is(await api.requestCount(), 3);
});
