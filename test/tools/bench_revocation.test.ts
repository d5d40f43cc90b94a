import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { CASES, type TryWords, watchClients } from '../../bench/revocation_cases.js';
import { chanceOf, startRevocationServer } from '../../bench/revocation_server.js';
import { openSteadyClients } from '../../bench/steady_clients.js';
import { closeServer } from '../../runtime/local_http.js';

const sent = (client: number, status: number, passedMs?: number) => ({
  client,
  status,
  sentMs: 1000,
  passedMs,
});

test('watchClients: what counts is the last request of any client that reached the API, also after a refusal', (t) => {
  const watch = watchClients([0, 1]);
  watch.note(sent(0, 200, 1010));
  watch.note(sent(0, 401));
  t.false(watch.isRefusedToAll, 'the other client was not refused yet');
  watch.note(sent(1, 200, 1030));
  watch.note(sent(1, 401));
  t.true(watch.isRefusedToAll);
  t.is(watch.delayMs(1005), 25);
  watch.note(sent(0, 200, 1040));
  t.is(watch.delayMs(1005), 35);
});

test('watchClients: when no request passed after the end, the delay is 0', (t) => {
  const watch = watchClients([0]);
  watch.note(sent(0, 200, 1010));
  t.is(watch.delayMs(1020), 0);
});

test('watchClients: an answer that is neither a grant nor a refusal of the token ends the measurement', (t) => {
  for (const status of [500, 502, 503, 204]) {
    t.throws(() => watchClients([0]).note(sent(0, status)), { message: `an answer was ${status}` });
  }
});

test('watchClients: a token is in use when each client has passed so often', async (t) => {
  const watch = watchClients([0, 1]);
  let isInUse = false;
  const passed = watch.passed(2).then(() => {
    isInUse = true;
  });
  for (const client of [0, 0, 0, 1]) watch.note(sent(client, 200, 1000));
  await Promise.resolve();
  t.false(isInUse);
  watch.note(sent(1, 200, 1000));
  await passed;
});

test('purge: a request that is sent after the answer of the purge, and passes, ends the measurement with an error', async (t) => {
  let purgedMs: number | undefined;
  const gateway = createServer((request, response) => {
    if (request.url === '/purge') {
      purgedMs = Date.now();
      response.end();
      return;
    }
    const isGranted = purgedMs === undefined || Date.now() < purgedMs + 200;
    response.writeHead(isGranted ? 200 : 401).end((Date.now() / 1000).toFixed(3));
  }).listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const server = await startRevocationServer();
  const clients = openSteadyClients(url, 2);
  t.teardown(async () => {
    await clients.close();
    await closeServer(gateway);
    await server.stop();
  });
  const words: TryWords = { url, prefix: '', server, clients, lane: 0, index: 0, seed: 'a' };
  const purge = CASES.find(({ name }) => name === 'purge');
  await t.throwsAsync(async () => purge?.attempt(words), {
    message: /passed that were sent after the purge was answered/,
  });
});

test('chanceOf: the same seed chooses the same moments, spread from 0 up to 1', (t) => {
  const chances = Array.from({ length: 1000 }, (_, index) => chanceOf('a', index));
  t.deepEqual(
    chances,
    Array.from({ length: 1000 }, (_, index) => chanceOf('a', index)),
  );
  t.not(chanceOf('a', 0), chanceOf('b', 0));
  t.true(chances.every((chance) => chance >= 0 && chance < 1));
  for (let tenth = 0; tenth < 10; tenth++) {
    t.true(chances.some((chance) => Math.floor(chance * 10) === tenth));
  }
});
