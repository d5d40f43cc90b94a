import test from 'ava';
import { judgeRecord, judgeToken, meetsPolicy } from '../../../src/core/cache/judge.js';
import {
  isFresh,
  isReady,
  isStoredUnder,
  type StoredRecord,
  storedAtOf,
} from '../../../src/core/cache/record.js';
import { encodeRecord } from '../../../src/core/cache/write_record.js';
import { parsePolicy } from '../../../src/core/settings/policy_text.js';
import { NoPolicy, type PolicyText } from '../../../src/core/settings/request_text.js';
import { checkPolicy } from '../../../src/core/token/policy.js';
import { grantsWith, JWT, recordWith, STORED_AT_SEC, timesWith } from '../../support/records.js';

/** Around each bound: the end of the record, the default TTL, the default skew. */
const LIVES_SEC = [0, 1, 59, 60, 61, 299, 300, 301, 3600];
const BEGINS_SEC = [-1, 0, 1, 59, 60, 61, 62, 299, 300, 301];
const AGES_SEC = [0, 1, 59, 60, 61, 62, 298, 299, 300, 301, 302, 3599, 3600, 3601];

test('isReady: says what the evaluator says for a location without a policy, so that no bound is lost (S48, S57, S62, S64)', (t) => {
  const policy = parsePolicy(NoPolicy.text as string as PolicyText);
  for (const life of LIVES_SEC) {
    for (const begin of BEGINS_SEC) {
      for (const age of AGES_SEC) {
        const notBeforeSec = STORED_AT_SEC + begin;
        const record = recordWith({ expiresAtSec: STORED_AT_SEC + life, notBeforeSec });
        const nowSec = STORED_AT_SEC + age;
        // A token that began only after its record was stored goes the longer way, which then lets it through.
        const isTaken =
          policy !== undefined &&
          judgeRecord(record, policy, nowSec) === 'good' &&
          notBeforeSec <= STORED_AT_SEC + policy.clockSkewSec;
        t.is(isReady(record, nowSec), isTaken, `life ${life}, begins at ${begin}, age ${age}`);
      }
    }
  }
});

test('isReady: a token that was valid when it was stored stays so when the clock is set back (S78)', (t) => {
  t.true(isReady(recordWith({ notBeforeSec: STORED_AT_SEC + 60 }), STORED_AT_SEC - 301));
});

/** Texts of a policy, and whether a token with the scopes read and write, audience api and issuer https://as meets it. */
const POLICIES: [sentence: string, text: string, isMet: boolean][] = [
  ['nothing', '\n\n\n\n', true],
  ['a scope that it has', 'read\n\n\n\n', true],
  ['two scopes that it has, with blanks around them', ' read  write \n\n\n\n', true],
  ['a scope that it lacks', 'admin\n\n\n\n', false],
  ['a scope that is the beginning of its own', 'rea\n\n\n\n', false],
  ['blanks in place of scopes', '  \n\n\n\n', false],
  ['its audience', '\napi\n\n\n', true],
  ['another audience', '\nweb\n\n\n', false],
  ['an audience with a control character', '\n\u0001api\n\n\n', false],
  ['its issuer', '\n\nhttps://as\n\n', true],
  ['another issuer', '\n\nhttps://other\n\n', false],
  ['audience and issuer, exchanged', '\nhttps://as\napi\n\n', false],
  ['a separator of scopes in the place of the audience', '\n\v\n\n\n', false],
  ['a skew', '\n\n\n5\n', true],
  ['a skew with a unit', '\n\n\n5s\n', false],
  ['a TTL that is not over', '\n\n\n\n60', true],
  ['a TTL of 0', '\n\n\n\n0', false],
  ['a TTL with a sign', '\n\n\n\n-1', false],
  ['a line too many: each value would be read as that of another setting', 'read\n\napi\n\n\n', false],
  ['a line too few', 'read\n\n\n', false],
];

const GRANTS = grantsWith({ scope: 'read write', audience: ['web2', 'api'], issuer: 'https://as' });

for (const [sentence, text, isMet] of POLICIES) {
  test(`a location that asks for ${sentence} ${isMet ? 'takes' : 'refuses'} the token, on a hit as on a miss (S57)`, (t) => {
    const policyText = text as PolicyText;
    const nowSec = STORED_AT_SEC + 10;
    const policy = parsePolicy(policyText);
    // A miss: the answer is held against the policy, and the record says whether it was met.
    const isMetAtFirst =
      policy !== undefined && policy.cacheTtlSec > 0 && checkPolicy(GRANTS, 0, policy, nowSec) === undefined;
    t.is(isMetAtFirst, isMet);
    // A hit of the location that stored it, which compares the texts, and of every other one, which evaluates.
    const own = encodeRecord(timesWith({}), JWT, GRANTS, isMetAtFirst ? policyText : '');
    const another = encodeRecord(timesWith({}), JWT, GRANTS, '');
    t.is(isStoredUnder(own, policyText) && isFresh(own, nowSec), isMet);
    t.is(meetsPolicy(another, policyText, nowSec), isMet);
  });
}

const BEGINNINGS: [sentence: string, notBeforeSec: number, isMet: boolean][] = [
  ['has begun', STORED_AT_SEC, true],
  ['begins within the skew', STORED_AT_SEC + 15, true],
  ['begins after the skew (S48)', STORED_AT_SEC + 16, false],
];

for (const [sentence, notBeforeSec, isMet] of BEGINNINGS) {
  test(`meetsPolicy: a token that ${sentence} is ${isMet ? 'taken' : 'refused'} by a location with a skew of 5 seconds`, (t) => {
    const record = encodeRecord(timesWith({ notBeforeSec }), JWT, GRANTS, '');
    t.is(meetsPolicy(record, '\n\n\n5\n' as PolicyText, STORED_AT_SEC + 10), isMet);
  });
}

const AGES: [sentence: string, cacheTtlSec: number, nowSec: number, verdict: string][] = [
  ['one second before the shorter TTL of this location', 10, STORED_AT_SEC + 9, 'good'],
  ['at the shorter TTL of this location (S62)', 10, STORED_AT_SEC + 10, 'void'],
  ['before its end, with a longer TTL', 3600, STORED_AT_SEC + 299, 'good'],
  ['at its end, with a longer TTL (S64)', 3600, STORED_AT_SEC + 300, 'void'],
  ['before it was stored, because the clock was set back (S78)', 10, STORED_AT_SEC - 5, 'good'],
  ['with a TTL of 0, also when the clock was set back', 0, STORED_AT_SEC - 5, 'void'],
];

for (const [sentence, cacheTtlSec, nowSec, verdict] of AGES) {
  test(`judgeRecord: ${verdict}: ${sentence}`, (t) =>
    t.is(judgeRecord(recordWith({}), { ...OPEN, cacheTtlSec }, nowSec), verdict as 'good' | 'void'));
}

const OPEN = { requiredScopes: [], audience: '', issuer: '', clockSkewSec: 60, cacheTtlSec: 300 };

test('judgeToken: does not look at the age of a record, and says why the token is refused', (t) => {
  const record = encodeRecord(timesWith({}), JWT, GRANTS, '');
  t.is(judgeToken(record, { ...OPEN, cacheTtlSec: 1 }, STORED_AT_SEC + 10_000), 'good');
  t.is(judgeToken(record, { ...OPEN, audience: 'web' }, STORED_AT_SEC), 'audience_mismatch');
});

test('storedAtOf: a number, also with leading zeros', (t) =>
  t.is(storedAtOf(recordWith({ storedAtSec: 8 })), 8));

for (const record of ['', 'Bearer e30.e30.c2ln\n\n', 'undefined'] as StoredRecord[]) {
  test(`judgeRecord: a text that is no record grants nothing: ${JSON.stringify(record)} (S77)`, (t) =>
    t.is(judgeRecord(record, OPEN, 0), 'void'));
}
