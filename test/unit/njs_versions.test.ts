// docs/njs_versions.md: what was found out about each version of njs, and that the script turns away the right ones.
import { readFileSync } from 'node:fs';
import test from 'ava';
import { awaitsClose, findUnsafeNjs, isEvictUnsafe, type Mode } from '../../src/core/settings/njs_version.js';
import { readReport } from '../njs_versions/ava_report.js';
import { buildPage } from '../njs_versions/page.js';
import { type FaultRow, merge, type Results, type Row } from '../njs_versions/results.js';
import { REPOSITORY, readPages, sectionOf } from '../support/pages.js';

const RESULTS: Results = JSON.parse(readFileSync(`${REPOSITORY}test/njs_versions/results.json`, 'utf8'));
const RELEASED = /^\d+\.\d+\.\d+$/;

/** `njs.version_number`. */
function numberOf(njs: string): number {
  const [major = 0, minor = 0, patch = 0] = njs.split('.').map(Number);
  return major * 0x10000 + minor * 0x100 + patch;
}

function isTurnedAway({ njs, faults }: FaultRow, mode: Mode, isUrl: boolean): boolean {
  const engine = faults.engine === 'qjs' ? 'QuickJS' : 'njs';
  return findUnsafeNjs(numberOf(njs), engine, mode, isUrl) !== undefined;
}

test('docs/njs_versions.md is what `npm run test:njs` writes', (t) => {
  t.is(readFileSync(`${REPOSITORY}docs/njs_versions.md`, 'utf8'), buildPage(RESULTS));
});

test('the results hold the versions that users have, and Debian packages of both suites', (t) => {
  const found = new Set(RESULTS.rows.map(({ njs, nginx }) => `${njs} ${nginx.slice(0, 4)}`));
  for (const njs of ['0.8.5', '0.8.10', '0.9.0', '0.9.4', '0.9.6', '0.9.9', '1.0.0', '1.0.2'])
    t.true(found.has(`${njs} 1.30`), njs);
  t.true(found.has('0.8.9 1.26'));
});

for (const row of RESULTS.faults.filter(({ njs }) => RELEASED.test(njs))) {
  const { njs, nginx, faults } = row;
  const name = `njs ${njs}, ${faults.engine}, nginx ${nginx}`;

  test(`${name}: access mode is turned away if, and only if, an early failure lets through or there is no js_access`, (t) => {
    const isUnsafe = faults.opensOnEarlyFailure !== false;
    t.is(isTurnedAway(row, 'access', false), isUnsafe);
    t.is(isTurnedAway(row, 'access', true), isUnsafe);
  });

  test(`${name}: a location as endpoint is turned away if, and only if, a client that hangs up crashes workers (nginx/njs#1077, S115)`, (t) => {
    t.is(isTurnedAway(row, 'auth_request', false), faults.crashesOnHangUp > 0);
    t.is(isTurnedAway(row, 'forward_auth', false), faults.crashesOnHangUp > 0);
  });

  test(`${name}: a URL as endpoint is turned away if, and only if, the engine cannot fetch`, (t) => {
    t.is(isTurnedAway(row, 'auth_request', true), faults.fetch.length === 'fails');
  });

  test(`${name}: zones that evict are turned away if, and only if, they crash workers (S79)`, (t) => {
    t.is(isEvictUnsafe(numberOf(njs)), faults.crashesOnEviction);
  });

  if (faults.fetch.length !== 'fails') {
    test(`${name}: the log names an open connection as a cause if, and only if, it can be one`, (t) => {
      const { length, chunked, empty204 } = faults.fetch;
      t.is(awaitsClose(numberOf(njs)), [length, chunked, empty204].includes('waits'));
    });
  }
}

for (const { njs, nginx, way, outcome } of RESULTS.rows) {
  if (outcome.kind !== 'serves') continue;
  test(`njs ${njs}, nginx ${nginx}, ${Object.values(way).join(' ')}: no main case fails on a version that serves`, (t) => {
    t.true(outcome.passed > 0);
    t.deepEqual(outcome.failed, []);
  });
}

for (const endpoint of ['location', 'url'] as const) {
  test(`every version that serves with a ${endpoint} as endpoint ran the same number of tests, so that no interrupted run counts`, (t) => {
    const outcomes = RESULTS.rows
      .filter(({ way }) => way.endpoint === endpoint)
      .map(({ outcome }) => outcome);
    const counts = outcomes.flatMap((outcome) =>
      outcome.kind === 'serves' ? [outcome.passed + outcome.failed.length] : [],
    );
    t.is(new Set(counts).size, 1);
  });
}

test('docs/operations.md names what nginx says on each version that does not start', (t) => {
  const page = readPages().get('docs/operations.md') ?? '';
  const section = sectionOf(page, '## When nginx refuses the configuration');
  const named = [...section.matchAll(/`([^`]+)`/g)].map(([, message = '']) => message);
  const said = RESULTS.rows.flatMap(({ outcome }) => (outcome.kind === 'no start' ? [outcome.message] : []));
  t.true(said.length > 0);
  t.deepEqual(
    said.filter((message) => !named.some((text) => message.includes(text))),
    [],
  );
});

const REPORT = `
  ✔ exchange › [access njs 1.0.2] one (RFC 7662 §2)
  ✔ exchange › [access njs 1.0.2] two (1.2s)
  ✘ [fail]: cache › [access njs 1.0.2] three (RFC 1) a log holds a secret
    ℹ ✔ a log line
  ◌ outage › [access njs 1.0.2] four
  cache › [access njs 1.0.2] three (RFC 1)
`;

test('readReport: counts what passed, and names what failed or did not end', (t) => {
  t.deepEqual(readReport(REPORT, 'access njs 1.0.2', ['exchange', 'cache', 'outage']), {
    passed: 2,
    failed: ['cache: three (RFC 1)', 'outage: four'],
  });
});

test('readReport: names the file where AVA does not, because it is the only one', (t) => {
  const { failed } = readReport('  ✘ [fail]: [a] three\n', 'a', ['cache']);
  t.deepEqual(failed, ['cache: three']);
});

test('readReport: a run without a test is an error, and not a pass', (t) => {
  t.throws(() => readReport("✘ Couldn't find any matching tests", 'a', ['cache']), {
    message: /ran no test/,
  });
});

function row(njs: string, nginx: string, built = 'package'): Row {
  const way = { mode: 'access', endpoint: 'url', engine: 'njs' } as const;
  return { njs, nginx, built, way, outcome: { kind: 'serves', passed: 1, failed: [] } };
}

test('merge: what is new takes the place of the same njs with the same nginx; the order is by version', (t) => {
  const before = [row('0.8.9', '1.30.6'), row('0.8.10', '1.30.6'), row('0.8.9', '1.26.3')];
  const after = [row('0.8.9', '1.30.6', 'abc'), row('0.8.6', '1.30.6')];
  t.deepEqual(
    merge(before, after).map(({ njs, nginx, built }) => `${nginx} ${njs} ${built}`),
    ['1.30.6 0.8.6 package', '1.30.6 0.8.9 abc', '1.30.6 0.8.10 package', '1.26.3 0.8.9 package'],
  );
});
