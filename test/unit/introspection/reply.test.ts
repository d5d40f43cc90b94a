import test from 'ava';
import { isReply, mediaType } from '../../../src/core/introspection/reply.js';

test('isReply: tells a reply from what has still to be read', (t) => {
  t.true(isReply({ kind: 'reply' }));
  t.false(isReply({ kind: 'response' }));
  t.false(isReply({}));
});

for (const [contentType, name] of [
  ['application/jwt', 'application/jwt'],
  ['application/json', 'application/json'],
  ['Application/JSON; charset=utf-8', 'application/json'],
  ['text/html', 'text/html'],
  ['application', ''],
  ['application/json\n', 'application/json'],
  ['application/json/x', ''],
  ['', ''],
] as const) {
  test(`mediaType: ${JSON.stringify(contentType)} is ${name || 'none'} (RFC 9110 §8.3.1)`, (t) =>
    t.is(mediaType(contentType), name));
}
