import test from 'ava';
import { denied, granted, unavailable } from '../../src/core/outcome.js';

test('granted: is a Grant of the whole header value', (t) => {
  t.deepEqual(granted('Bearer a.b.c', 'HIT'), {
    kind: 'grant',
    authorization: 'Bearer a.b.c',
    cacheStatus: 'HIT',
  });
});

test('denied: is a Denial with its reason', (t) => {
  t.deepEqual(denied('token_inactive', 'MISS'), {
    kind: 'denial',
    reason: 'token_inactive',
    cacheStatus: 'MISS',
  });
});

test('unavailable: is Unavailable with a detail for the log; the server asked for no time', (t) => {
  t.deepEqual(unavailable('introspection_status', 'status=500', 'MISS'), {
    kind: 'unavailable',
    reason: 'introspection_status',
    detail: 'status=500',
    retryAfter: '',
    cacheStatus: 'MISS',
  });
});
