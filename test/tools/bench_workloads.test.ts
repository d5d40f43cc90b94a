import test from 'ava';
import { customRow, ROWS, type Row } from '../../bench/rows.js';
import { expectedApiRequests, expectedIntrospections } from '../../bench/workloads.js';

const RUN = { requests: 1000, connections: 32, seconds: 2 };
const OURS = ROWS.find(({ name }) => name === 'access-njs') as Row;
const BARE = ROWS.find(({ name }) => name === 'bare') as Row;

test('expectedIntrospections: cached tokens cause none; a hot token at most one, when its record ends', (t) => {
  t.deepEqual(expectedIntrospections(OURS, 'many', RUN), { least: 0, most: 0 });
  t.deepEqual(expectedIntrospections(OURS, 'hot', RUN), { least: 0, most: 1 });
});

test('expectedIntrospections: a rejected token is introspected again every five seconds', (t) => {
  t.deepEqual(expectedIntrospections(OURS, 'denied', { ...RUN, seconds: 12 }), { least: 0, most: 3 });
});

test('expectedIntrospections: each miss causes one, and so may the requests under way when wrk stopped', (t) => {
  t.deepEqual(expectedIntrospections(OURS, 'miss', RUN), { least: 1000, most: 1032 });
});

test('expectedIntrospections: a row that only proxies never introspects', (t) => {
  t.deepEqual(expectedIntrospections(BARE, 'miss', RUN), { least: 0, most: 0 });
});

test('expectedApiRequests: a refused request never reaches the API, and every other does', (t) => {
  t.deepEqual(expectedApiRequests(OURS, 'denied', RUN), { least: 0, most: 0 });
  t.deepEqual(expectedApiRequests(OURS, 'hot', RUN), { least: 1000, most: 1032 });
  t.deepEqual(expectedApiRequests(BARE, 'denied', RUN), { least: 1000, most: 1032 });
});

test('customRow: runs the workloads denied and policy only when its configuration has their locations', (t) => {
  t.deepEqual(customRow('location / {}', undefined).workloads, ['hot', 'many', 'miss']);
  t.deepEqual(customRow('location /denied/ {}', undefined).workloads, ['hot', 'many', 'miss', 'denied']);
});

test('customRow: fills in the address to listen on and its folder', (t) => {
  const row = customRow('proxy_cache_path {{prefix}}/cache; server { listen {{listen}}; }', undefined);
  t.is(
    row.http({ listen: '127.0.0.1:1', prefix: '/tmp/a', zoneSize: '1m' }),
    'proxy_cache_path /tmp/a/cache; server { listen 127.0.0.1:1; }',
  );
});
