import test from 'ava';
import { denied, granted, grantedTo, malformed } from '../../../src/core/answer/outcome.js';
import { denialReasons } from '../../../src/core/answer/reasons.js';
import type { StoredRecord } from '../../../src/core/cache/record.js';

const RECORD = 'record' as StoredRecord;

test('granted: is a Grant of the whole header value', (t) => {
  t.deepEqual(granted('Bearer a.b.c', 'HIT', RECORD), {
    kind: 'grant',
    authorization: 'Bearer a.b.c',
    cacheStatus: 'HIT',
    record: RECORD,
  });
});

test('granted: may have no header value, for a preflight that is passed on', (t) => {
  t.deepEqual(granted('', 'BYPASS', undefined), {
    kind: 'grant',
    authorization: '',
    cacheStatus: 'BYPASS',
    record: undefined,
  });
});

test('malformed: is no Denial, since nothing was said of a token', (t) => {
  t.deepEqual(malformed(), { kind: 'malformed', reason: 'request_malformed', cacheStatus: '' });
});

for (const reason of denialReasons()) {
  test(`denied: ${reason} is a Denial with its reason`, (t) => {
    t.deepEqual(denied(reason, 'MISS'), { kind: 'denial', reason, cacheStatus: 'MISS' });
  });
}

test('denied: keeps where the answer came from: empty when nothing was looked up', (t) => {
  t.is(denied('token_missing', '').cacheStatus, '');
  t.is(denied('scope_insufficient', 'HIT').cacheStatus, 'HIT');
});

test('grantedTo: a token that is bound to nothing is granted; one that is bound is no Grant before its key is proven (RFC 9449 §7.1)', (t) => {
  const binding = { jkt: 'a', x5t: '' };
  t.deepEqual(grantedTo(undefined, 'Bearer a.b.c', 'HIT', RECORD), granted('Bearer a.b.c', 'HIT', RECORD));
  t.deepEqual(grantedTo(binding, 'Bearer a.b.c', 'HIT', RECORD), {
    kind: 'bound',
    authorization: 'Bearer a.b.c',
    binding,
    cacheStatus: 'HIT',
    record: RECORD,
  });
});
