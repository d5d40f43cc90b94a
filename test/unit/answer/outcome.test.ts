import test from 'ava';
import { denied, granted } from '../../../src/core/answer/outcome.js';
import { denialReasons } from '../../../src/core/answer/reasons.js';

test('granted: is a Grant of the whole header value', (t) => {
  t.deepEqual(granted('Bearer a.b.c', 'HIT'), {
    kind: 'grant',
    authorization: 'Bearer a.b.c',
    cacheStatus: 'HIT',
  });
});

test('granted: may have no header value, for a preflight that is passed on', (t) => {
  t.deepEqual(granted('', 'BYPASS'), { kind: 'grant', authorization: '', cacheStatus: 'BYPASS' });
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
