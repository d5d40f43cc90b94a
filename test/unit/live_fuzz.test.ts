// The judge of `npm run fuzz:live`: it finds each thing that must not be, in a record that is right but for that.
import test from 'ava';
import type { LiveCase } from '../fuzz/live/case.js';
import { findLiveFault, type Observed, type ReceivedRequest } from '../fuzz/live/judge.js';
import { makeJwt } from '../support/jwt.js';

const TOKEN = 'opaque-good-7';
const JWT = makeJwt({ sub: TOKEN, exp: 4102444800 });
const FOREIGN = makeJwt({ sub: 'opaque-good-8', exp: 4102444800 });
const ID = 'f'.repeat(32);

const live: LiveCase = {
  request: `GET /orders HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`,
  answer: undefined,
  token: TOKEN,
};
const atApi = (headers: [string, string][], url = '/orders'): ReceivedRequest => ({
  method: 'GET',
  url,
  rawHeaders: headers,
  body: '',
});
const API: ReceivedRequest = atApi([
  ['Authorization', `Bearer ${JWT}`],
  ['X-Request-Id', ID],
]);
const QUESTION: ReceivedRequest = {
  method: 'POST',
  url: '/introspect',
  rawHeaders: ['Accept', 'Accept-Encoding', 'Content-Length', 'Content-Type', 'Host'].map((name) => [
    name,
    'a',
  ]),
  body: `token=${TOKEN}&token_type_hint=access_token`,
};
const RIGHT: Observed = {
  exchanges: [{ live, received: 'HTTP/1.1 200 OK\r\n\r\n' }],
  earlier: [],
  api: [API],
  as: [QUESTION],
  accessLines: ['200 ""', '401 "token_missing"', '499 ""'],
  errorLines: ['[notice] start worker process 1'],
};
const answering = (answer: string): Partial<Observed> => ({
  exchanges: [{ live: { ...live, answer }, received: '' }],
});
const WHOLE = `HTTP/1.1 200 OK\r\nContent-Type: application/jwt\r\n\r\n${JWT}`;

test('findLiveFault: nothing, where a JWT comes of the token that was sent', (t) => {
  t.is(findLiveFault(RIGHT), '');
  t.is(findLiveFault({ ...RIGHT, ...answering(WHOLE) }), '');
  t.is(findLiveFault({ ...RIGHT, ...answering(`HTTP/1.1 103 Hints\r\n\r\n${WHOLE}`) }), '');
  t.is(findLiveFault({ ...RIGHT, exchanges: [], earlier: RIGHT.exchanges }), '', 'that of the batch before');
});

const FAULTS: [sentence: string, change: Partial<Observed>][] = [
  ['a request at the API without a credential', { api: [atApi([['X-Request-Id', ID]])] }],
  ['with two', { api: [atApi([...(API.rawHeaders as [string, string][]), ['authorization', 'Basic a']])] }],
  [
    'with the opaque token',
    {
      api: [
        atApi([
          ['Authorization', `Bearer ${TOKEN}`],
          ['X-Request-Id', ID],
        ]),
      ],
    },
  ],
  [
    'with the opaque token in another header',
    { api: [atApi([...(API.rawHeaders as [string, string][]), ['X-A', TOKEN]])] },
  ],
  [
    'with the JWT of a token that nobody sent',
    {
      api: [
        atApi([
          ['Authorization', `Bearer ${FOREIGN}`],
          ['X-Request-Id', ID],
        ]),
      ],
    },
  ],
  ['without an id of nginx: smuggled', { api: [atApi([['Authorization', `Bearer ${JWT}`]])] }],
  ['with the id of another', { api: [API, API] }],
  ['a JWT of another token at the client', { exchanges: [{ live, received: FOREIGN }] }],
  ['a connection that is never closed', { exchanges: [{ live, received: undefined }] }],
  ['a grant by an answer of 401', answering(WHOLE.replace('200', '401'))],
  ['a grant by the 500 behind a 103', answering(`HTTP/1.1 103 Hints\r\n\r\n${WHOLE.replace('200', '500')}`)],
  [
    'a grant by JSON that is not active',
    answering(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"jwt":"${JWT}"}`),
  ],
  ['a JWT that the server has not sent', answering(WHOLE.replace(JWT, FOREIGN))],
  ['another method at the authorization server', { as: [{ ...QUESTION, method: 'GET' }] }],
  ['another place', { as: [{ ...QUESTION, url: '/introspect?a' }] }],
  ['a smuggled field', { as: [{ ...QUESTION, body: `${QUESTION.body}&client_id=a` }] }],
  ['what is no token', { as: [{ ...QUESTION, body: 'token=a%0Ab&token_type_hint=access_token' }] }],
  ["a client's header", { as: [{ ...QUESTION, rawHeaders: [...QUESTION.rawHeaders, ['Cookie', 'a']] }] }],
  ['a status of ours, where the server is well', { accessLines: ['500 "internal_error"'] }],
  ['an exception in the log', { errorLines: ['[error] 1#1: *1 js exception: TypeError'] }],
  ['a worker that ended', { errorLines: ['[notice] worker process 1 exited on signal 11'] }],
  ['a token in the log', { errorLines: [`[error] 1#1: ${TOKEN}`] }],
  ['a JWT in the log', { errorLines: [`[error] 1#1: upstream sent invalid header: "${JWT}"`] }],
];

for (const [sentence, change] of FAULTS) {
  test(`findLiveFault: ${sentence}`, (t) => t.not(findLiveFault({ ...RIGHT, ...change }), ''));
}
