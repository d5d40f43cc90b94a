import test from 'ava';
import {
  purged,
  refuseForm,
  refuseForRoom,
  refuseMethod,
  refusePurge,
} from '../../../src/core/answer/purge_answer.js';

test('purged: says how many records held the token', (t) => {
  t.deepEqual(purged(0), { status: 200, allow: '', body: '{"records":0}' });
  t.deepEqual(purged(2), { status: 200, allow: '', body: '{"records":2}' });
});

test('refuseMethod: Allow names the method of a purge; no other answer has it (RFC 9110 §15.5.6)', (t) => {
  t.is(refuseMethod().allow, 'POST');
  for (const answer of [purged(1), refuseForm(), refusePurge('$x is y'), refuseForRoom()]) {
    t.is(answer.allow, '');
  }
});

for (const [sentence, answer, status, code, text] of [
  ['another method: 405', refuseMethod(), 405, 'invalid_request', /POST/],
  [
    'another body: 400, with the body that it should be',
    refuseForm(),
    400,
    'invalid_request',
    /one field token/,
  ],
  [
    'a mistake in the location: 500, which names it',
    refusePurge('$x is y'),
    500,
    'server_error',
    /^\$x is y$/,
  ],
  [
    'no space for the mark: 503, which names the zone',
    refuseForRoom(),
    503,
    'server_error',
    /phantom_token_state/,
  ],
] as const) {
  test(`a purge that is refused says why: ${sentence}`, (t) => {
    const body = JSON.parse(answer.body) as { code: string; message: string };
    t.is(answer.status, status);
    t.is(body.code, code);
    t.regex(body.message, text);
  });
}
