import test from 'ava';
import {
  bindingOf,
  encodeBoundRecord,
  isBoundRecord,
  unboundPartOf,
} from '../../../src/core/cache/bound_record.js';
import { judgeRecord, meetsPolicy } from '../../../src/core/cache/judge.js';
import { isFresh, isReady, isStoredUnder } from '../../../src/core/cache/record.js';
import { mayStandIn } from '../../../src/core/cache/stale.js';
import { encodeRecord } from '../../../src/core/cache/write_record.js';
import type { PolicyText } from '../../../src/core/settings/request_text.js';
import { settingsWith } from '../../support/settings.js';

const NOW_SEC = 1_700_000_000;
const JKT = '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I';
const X5T = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2';
const POLICY = 'read\n\n\n\n' as PolicyText;
const TIMES = {
  expiresAtSec: NOW_SEC + 300,
  storedAtSec: NOW_SEC,
  notBeforeSec: 0,
  usableUntilSec: undefined,
};
const RECORD = encodeRecord(TIMES, 'a.b.c', '\nread\n\f\f\v\v', POLICY);

for (const [jkt, x5t] of [
  [JKT, ''],
  ['', X5T],
  [JKT, X5T],
] as const) {
  const bound = encodeBoundRecord({ jkt, x5t }, RECORD);
  const name = `${jkt === '' ? '' : 'a key'}${jkt !== '' && x5t !== '' ? ' and ' : ''}${x5t === '' ? '' : 'a certificate'}`;

  test(`a record bound to ${name}: gives the binding and the record back`, (t) => {
    t.true(isBoundRecord(bound));
    t.deepEqual(bindingOf(bound), { jkt, x5t });
    t.is(unboundPartOf(bound), RECORD);
  });

  test(`a record bound to ${name}: is void for all that does not know of bindings, so that none of it grants it unproven (S14, S124)`, (t) => {
    const settings = settingsWith({ requiredScopes: ['read'], staleIfErrorSec: 3600 });
    t.false(isReady(bound, NOW_SEC));
    t.false(isFresh(bound, NOW_SEC));
    t.false(isStoredUnder(bound, POLICY));
    t.false(meetsPolicy(bound, POLICY, NOW_SEC));
    t.is(judgeRecord(bound, settings, NOW_SEC), 'void');
    t.false(mayStandIn(bound, settings, NOW_SEC));
    t.is(judgeRecord(unboundPartOf(bound), settings, NOW_SEC), 'good');
  });
}

test('isBoundRecord: no record of an unbound token is taken for one: it has an end', (t) => {
  t.false(isBoundRecord(RECORD));
});
