import test from 'ava';
import { findUnsafeNjs } from '../../src/core/njs_version.js';

type Verdict = 'safe' | 'too old for js_access' | 'unsafe subrequests';

const VERSIONS: [name: string, version: number, access: Verdict, authRequest: Verdict][] = [
  ['0.8.5', 0x000805, 'too old for js_access', 'safe'],
  ['0.8.9', 0x000809, 'too old for js_access', 'safe'],
  ['0.9.4', 0x000904, 'too old for js_access', 'safe'],
  ['0.9.5', 0x000905, 'too old for js_access', 'unsafe subrequests'],
  ['0.9.7', 0x000907, 'too old for js_access', 'unsafe subrequests'],
  ['0.9.9', 0x000909, 'too old for js_access', 'unsafe subrequests'],
  ['0.9.10', 0x00090a, 'too old for js_access', 'safe'],
  ['1.0.0', 0x010000, 'too old for js_access', 'safe'],
  ['1.0.1', 0x010001, 'safe', 'safe'],
  ['1.0.2', 0x010002, 'safe', 'safe'],
  ['2.0.0', 0x020000, 'safe', 'safe'],
];

function verdictOn(problem: string | undefined): Verdict {
  if (problem === undefined) {
    return 'safe';
  }
  return problem.startsWith('js_access ') ? 'too old for js_access' : 'unsafe subrequests';
}

for (const [name, version, access, authRequest] of VERSIONS) {
  test(`findUnsafeNjs: ${name} in access mode is ${access} (njs CHANGES 1.0.1, Security)`, (t) =>
    t.is(verdictOn(findUnsafeNjs(version, 'access', false)), access));

  test(`findUnsafeNjs: ${name} in auth_request mode is ${authRequest} (nginx/njs#1077, S115)`, (t) =>
    t.is(verdictOn(findUnsafeNjs(version, 'auth_request', false)), authRequest));

  test(`findUnsafeNjs: ${name} in auth_request mode is safe with a URL as endpoint: no subrequest is made (S115)`, (t) =>
    t.is(findUnsafeNjs(version, 'auth_request', true), undefined));

  test(`findUnsafeNjs: ${name} in access mode is ${access} with a URL as endpoint, too: js_access itself decides`, (t) =>
    t.is(verdictOn(findUnsafeNjs(version, 'access', true)), access));
}

test('findUnsafeNjs: says which njs to use', (t) => {
  t.regex(findUnsafeNjs(0x010000, 'access', false) as string, /js_access needs njs 1\.0\.1 or newer/);
  t.regex(findUnsafeNjs(0x000905, 'auth_request', false) as string, /njs 1\.0\.1 or newer/);
});

test('findUnsafeNjs: names the other way out, too', (t) => {
  t.regex(findUnsafeNjs(0x010000, 'access', false) as string, /use auth_request mode/);
  t.regex(findUnsafeNjs(0x000905, 'auth_request', false) as string, /use an absolute URL as endpoint/);
});
