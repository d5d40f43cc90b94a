import test from 'ava';
import { awaitsClose, findUnsafeNjs, isEvictUnsafe } from '../../../src/core/settings/njs_version.js';

type Verdict = 'safe' | 'too old for js_access' | 'unsafe subrequests' | 'no fetch';

interface Version {
  readonly name: string;
  readonly version: number;
  readonly access: Verdict;
  /** auth_request mode, an internal location as endpoint. */
  readonly location: Verdict;
  /** auth_request mode, a URL as endpoint. */
  readonly url: Verdict;
  readonly urlOnQuickJs: Verdict;
}

/** docs/auth_request.md, docs/njs_versions.md; below 0.8.6 and on 0.9.7 nginx itself refuses. */
const VERSIONS: Version[] = [
  row('0.8.6', 0x000806, 'too old for js_access', 'safe', 'safe', 'no fetch'),
  row('0.8.9', 0x000809, 'too old for js_access', 'safe', 'safe', 'no fetch'),
  row('0.8.10', 0x00080a, 'too old for js_access', 'safe', 'safe', 'no fetch'),
  row('0.9.0', 0x000900, 'too old for js_access', 'safe', 'safe', 'no fetch'),
  row('0.9.1', 0x000901, 'too old for js_access', 'safe', 'safe', 'safe'),
  row('0.9.4', 0x000904, 'too old for js_access', 'safe', 'safe', 'safe'),
  row('0.9.5', 0x000905, 'too old for js_access', 'unsafe subrequests', 'safe', 'safe'),
  row('0.9.6', 0x000906, 'too old for js_access', 'unsafe subrequests', 'safe', 'safe'),
  row('0.9.8', 0x000908, 'too old for js_access', 'unsafe subrequests', 'safe', 'safe'),
  row('0.9.9', 0x000909, 'too old for js_access', 'unsafe subrequests', 'safe', 'safe'),
  row('1.0.0', 0x010000, 'too old for js_access', 'safe', 'safe', 'safe'),
  row('1.0.1', 0x010001, 'safe', 'safe', 'safe', 'safe'),
  row('1.0.2', 0x010002, 'safe', 'safe', 'safe', 'safe'),
  row('2.0.0', 0x020000, 'safe', 'safe', 'safe', 'safe'),
];

function row(
  name: string,
  version: number,
  access: Verdict,
  location: Verdict,
  url: Verdict,
  urlOnQuickJs: Verdict,
): Version {
  return { name, version, access, location, url, urlOnQuickJs };
}

const STARTS: [start: string, verdict: Verdict][] = [
  ['js_access ', 'too old for js_access'],
  ['njs 0.9.5 to 0.9.9 ', 'unsafe subrequests'],
  ['QuickJS ', 'no fetch'],
];

function verdictOn(problem: string | undefined): Verdict | string {
  if (problem === undefined) return 'safe';
  return STARTS.find(([start]) => problem.startsWith(start))?.[1] ?? problem;
}

for (const { name, version, access, location, url, urlOnQuickJs } of VERSIONS) {
  for (const engine of ['njs', 'QuickJS', undefined]) {
    const ofUrl = engine === 'QuickJS' ? urlOnQuickJs : url;

    test(`findUnsafeNjs: ${name}, engine ${engine}: access mode is ${access}, whatever the endpoint (njs CHANGES 1.0.1, Security)`, (t) => {
      t.is(verdictOn(findUnsafeNjs(version, engine, 'access', false)), access);
      t.is(verdictOn(findUnsafeNjs(version, engine, 'access', true)), access);
    });

    test(`findUnsafeNjs: ${name}, engine ${engine}: auth_request mode with a location as endpoint is ${location} (nginx/njs#1077, S115)`, (t) =>
      t.is(verdictOn(findUnsafeNjs(version, engine, 'auth_request', false)), location));

    test(`findUnsafeNjs: ${name}, engine ${engine}: auth_request mode with a URL as endpoint is ${ofUrl}: no subrequest is made (S115)`, (t) =>
      t.is(verdictOn(findUnsafeNjs(version, engine, 'auth_request', true)), ofUrl));
  }
}

test('findUnsafeNjs: says which njs to use', (t) => {
  t.regex(findUnsafeNjs(0x010000, 'njs', 'access', false) as string, /js_access needs njs 1\.0\.1 or newer/);
  t.regex(findUnsafeNjs(0x000905, 'njs', 'auth_request', false) as string, /njs 1\.0\.1 or newer/);
  t.regex(findUnsafeNjs(0x000900, 'QuickJS', 'auth_request', true) as string, /njs 1\.0\.1 or newer/);
});

test('findUnsafeNjs: names the alternative, too', (t) => {
  t.regex(findUnsafeNjs(0x010000, 'njs', 'access', false) as string, /use auth_request mode/);
  t.regex(findUnsafeNjs(0x000905, 'njs', 'auth_request', false) as string, /use an absolute URL as endpoint/);
  const withUrl = findUnsafeNjs(0x000900, 'QuickJS', 'auth_request', true) as string;
  t.regex(withUrl, /use an internal location as endpoint, js_engine njs,/);
});

for (const [name, version, isUnsafe] of [
  ['0.8.9', 0x000809, true],
  ['0.9.6', 0x000906, true],
  ['0.9.7', 0x000907, false],
  ['1.0.2', 0x010002, false],
] as const) {
  test(`isEvictUnsafe: ${name}: ${isUnsafe ? 'a full zone that evicts ends the worker' : 'zones may evict'} (S115)`, (t) =>
    t.is(isEvictUnsafe(version), isUnsafe));
}

for (const [name, version, awaits] of [
  ['0.8.9', 0x000809, true],
  ['0.9.4', 0x000904, true],
  ['1.0.1', 0x010001, true],
  ['1.0.2', 0x010002, false],
] as const) {
  test(`awaitsClose: ${name}: ${awaits}`, (t) => t.is(awaitsClose(version), awaits));
}
