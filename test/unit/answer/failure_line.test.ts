import test from 'ava';
import {
  adviceTable,
  formatFailureLine,
  formatOneTokenLine,
  formatResumedLine,
  formatStillSuspendedLine,
  formatSuspendedLine,
  type Place,
  readPathHead,
} from '../../../src/core/answer/failure_line.js';
import { type UnavailableReason, unavailableReasons } from '../../../src/core/answer/reasons.js';
import { misconfigured, notAnswered } from '../../../src/core/answer/unavailable.js';

const PLACE: Place = {
  serverName: 'api.example.com',
  serverAddress: '192.0.2.1',
  serverPort: '8080',
  endpoint: '/introspect',
  pathHead: '/api/',
};

/** Their line says what to do without it. */
const WITHOUT_ADVICE: UnavailableReason[] = ['misconfigured', 'introspection_suspended'];

test('adviceTable: each reason of a 5xx says what to do', (t) => {
  const advice = adviceTable();
  t.deepEqual(Object.keys(advice).toSorted(), unavailableReasons().toSorted());
  t.deepEqual(
    unavailableReasons().filter((reason) => advice[reason] === ''),
    WITHOUT_ADVICE,
  );
});

test('adviceTable: no two reasons say the same, and each is one line', (t) => {
  const advice = Object.values(adviceTable()).filter((text) => text !== '');
  t.is(new Set(advice).size, advice.length);
  for (const text of advice) t.notRegex(text, /[\n\r]|\.$/);
});

test('formatFailureLine: reason, what arrived, what to do, where', (t) =>
  t.is(
    formatFailureLine(notAnswered('introspection_server_error', 'status=500'), PLACE),
    'introspection_server_error: status=500: the authorization server failed: look at its own log (server=api.example.com:8080 endpoint=/introspect)',
  ));

test('formatFailureLine: for a mistake in the configuration, the detail itself says what to correct', (t) =>
  t.is(
    formatFailureLine(misconfigured('$x must be a y'), PLACE),
    'misconfigured: $x must be a y (server=api.example.com:8080 endpoint=/introspect)',
  ));

const PLACES: [sentence: string, changes: Partial<Place>, said: string][] = [
  [
    'a server without a name is named by its address',
    { serverName: '' },
    '(server=192.0.2.1:8080 endpoint=/introspect)',
  ],
  [
    'a server whose name is the placeholder is named by its address',
    { serverName: '_' },
    '(server=192.0.2.1:8080 endpoint=/introspect)',
  ],
  [
    'when the settings are not known, the beginning of the path names the location',
    { endpoint: '' },
    '(server=api.example.com:8080 path=/api/...)',
  ],
  [
    'a path that may hold a token is not named',
    { endpoint: '', pathHead: '' },
    '(server=api.example.com:8080)',
  ],
];

for (const [sentence, changes, said] of PLACES) {
  test(`formatFailureLine: ${sentence}`, (t) => {
    const line = formatFailureLine(misconfigured('x'), { ...PLACE, ...changes });
    t.is(line, `misconfigured: x ${said}`);
  });
}

test('formatSuspendedLine: how many failures, for how long, and where', (t) =>
  t.is(
    formatSuspendedLine(5, 2, PLACE),
    'introspection suspended: failures=5 delay=2s: tokens that are not cached get 503 until a probe is answered; the lines beside this one say why (server=api.example.com:8080 endpoint=/introspect)',
  ));

test('formatStillSuspendedLine: how many requests were refused', (t) =>
  t.is(
    formatStillSuspendedLine(1200, PLACE),
    'introspection still suspended: refused=1200: the probes fail; the lines beside this one say why (server=api.example.com:8080 endpoint=/introspect)',
  ));

test('formatResumedLine: how many requests were refused', (t) =>
  t.is(
    formatResumedLine(0, PLACE),
    'introspection resumed: refused=0: the authorization server answers again (server=api.example.com:8080 endpoint=/introspect)',
  ));

const PATHS: [requestUri: string, input: string, head: string][] = [
  ['/api/orders/7?access_token=x', '', '/api/'],
  ['/api-v_12/orders', '', '/api-v_12/'],
  ['/api123/orders', '', '/'],
  ['/a1b2c3d4/orders', '', '/'],
  ['/', '', '/'],
  ['/reset-0123456789abcdef', '', '/'],
  [`/${'a'.repeat(16)}/x`, '', `/${'a'.repeat(16)}/`],
  [`/${'a'.repeat(17)}/x`, '', '/'],
  ['/%0a/x', '', '/'],
  ['/a b/x', '', '/'],
  ['/?token=x', '', '/'],
  ['//x/', '', '/'],
  ['*', '', ''],
  ['', '', ''],
  ['/opaque-1/x', 'opaque-1', ''],
];

for (const [requestUri, input, head] of PATHS) {
  test(`readPathHead: no query, no last segment, nothing long or encoded (S17): ${requestUri}${input === '' ? '' : ', and a token from the path'}`, (t) =>
    t.is(readPathHead(requestUri, input), head));
}

test('formatOneTokenLine: says how often, what becomes of other tokens, and where', (t) =>
  t.is(
    formatOneTokenLine(5, PLACE),
    'introspection suspended for one token: failures=5: the authorization server gives no answer about it; other tokens are asked about; the lines beside this one say why (server=api.example.com:8080 endpoint=/introspect)',
  ));

test('readPathHead: what begins with no slash tells nothing: it is no path of this server', (t) => {
  t.is(readPathHead('*', ''), '');
  t.is(readPathHead('http://api/secret/', ''), '');
});
