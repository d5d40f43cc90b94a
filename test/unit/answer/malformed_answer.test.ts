import test from 'ava';
import { malformedQuestion, malformedUri, otherMethod } from '../../../src/core/answer/malformed_answer.js';

const ANSWERS: [what: string, answer: ReturnType<typeof malformedUri>, status: number, message: string][] = [
  [
    'a URI that is none',
    malformedUri(),
    400,
    'X-Forwarded-Uri or X-Original-URL is not the URI of a request',
  ],
  [
    'a body that is no question',
    malformedQuestion(),
    400,
    'The body must be a form of at most 16 kB with one field token',
  ],
  ['another method', otherMethod(), 405, 'A question about a token is a POST request'],
];

for (const [what, answer, status, message] of ANSWERS) {
  test(`${what} is ${status} and says what is wrong; no challenge, as nothing was said of a token (RFC 7662 §2.3)`, (t) =>
    t.deepEqual(answer, {
      status,
      challenge: '',
      retryAfter: '',
      body: `{"code":"invalid_request","message":"${message}"}`,
    }));
}
