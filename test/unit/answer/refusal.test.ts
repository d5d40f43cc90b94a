import test from 'ava';
import { buildDenial } from '../../../src/core/answer/challenge.js';
import { buildUnavailable } from '../../../src/core/answer/failure_answer.js';
import { denied } from '../../../src/core/answer/outcome.js';
import { denialReasons, unavailableReasons } from '../../../src/core/answer/reasons.js';
import { errorBody } from '../../../src/core/answer/refusal.js';
import { notAnswered } from '../../../src/core/answer/unavailable.js';
import { settingsWith } from '../../support/settings.js';

test('errorBody: is what JSON.stringify writes, which costs four times as much', (t) => {
  const body = { code: 'server_error', message: 'Problem encountered processing the request' };
  t.is(errorBody(body.code, body.message), JSON.stringify(body));
});

test('every refusal has a body of JSON with a code and a message, and nothing else', (t) => {
  const denials = denialReasons().map((reason) => buildDenial(denied(reason, ''), settingsWith({})));
  const failures = unavailableReasons().map((reason) => buildUnavailable(notAnswered(reason, '')));
  for (const { body } of [...denials, ...failures]) {
    t.deepEqual(Object.keys(JSON.parse(body)), ['code', 'message']);
  }
});
