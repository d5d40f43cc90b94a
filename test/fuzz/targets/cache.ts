// What the cache keeps, and for how long.
import fc from 'fast-check';
import { isCountedAlike } from '../../../src/core/cache/write_record.js';
import { edited, near } from '../inputs.js';
import { hasControl } from '../references.js';
import { corpusOf, firstFalse, target } from '../target.js';
import type { RecordInput } from '../verdicts.js';

export const cacheControl = target({
  name: 'cache_control',
  inputs: fc.oneof(
    fc.constantFrom(...corpusOf('cache_control')),
    fc.record({
      cacheControl: near(corpusOf('cache_control').map((headers) => headers.cacheControl)),
      age: fc.oneof(fc.constantFrom('', '0', '10', '10, 20', '-1', '99999999999', '1.5'), near(['30'])),
    }),
  ),
  accepts: ({ freshness }) => freshness !== undefined && freshness > 0,
  findFault({ cacheControl: text }, { directives, freshness, stricter, forbidsStale }) {
    const names = text.split(/[^!#$%&'*+.^_`|~0-9A-Za-z-]+/).map((name) => name.toLowerCase());
    return firstFalse(
      [
        'a lifetime is whole seconds up to 2^31',
        freshness === undefined || (Number.isInteger(freshness) && freshness >= 0 && freshness <= 2 ** 31),
      ],
      ['no-store at the end stores nothing', stricter === 0],
      [
        'a lifetime is named by the header',
        freshness === undefined ||
          names.some((name) => /^(max-age|s-maxage|no-store|no-cache|private)$/.test(name)),
      ],
      [
        'names of directives are lower case, without separators',
        directives.every(({ name }) => name === name.toLowerCase() && !/[\s,;="]/.test(name)),
      ],
      [
        'what forbids stale answers is in the header',
        !forbidsStale || /must-revalidate|proxy-revalidate|s-maxage/i.test(text),
      ],
    );
  },
});

const anyNumber = fc.oneof(fc.constantFrom(0, 1, -1, 0.5, 300, 2 ** 31, 1e12, 9999999999), fc.integer());

export const ttl = target({
  name: 'ttl',
  inputs: fc.record({
    freshnessSec: fc.option(fc.oneof(anyNumber, fc.nat(1000))),
    expiresAtSec: fc.option(
      fc.oneof(
        anyNumber,
        fc.nat(1000).map((sec) => 1700000000 + sec),
      ),
    ),
    cacheTtlSec: fc.oneof(fc.nat(1000), fc.nat(31536000)),
    random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  }),
  accepts: (ttlSec) => ttlSec > 0,
  findFault({ freshnessSec, expiresAtSec, cacheTtlSec }, ttlSec) {
    const most = Math.min(cacheTtlSec, freshnessSec ?? Infinity, (expiresAtSec ?? Infinity) - 1700000000);
    return firstFalse(
      ['a record lives whole seconds, or is not kept', Number.isInteger(ttlSec) && ttlSec >= 0],
      ['never longer than setting, server and token allow', ttlSec === 0 || ttlSec <= most],
      ['at least nine tenths of that', ttlSec >= Math.floor(Math.max(0, most)) * 0.9 - 1],
    );
  },
});

const scopeTokens = fc.constantFrom('read', 'write', 'admin', 'a', 'rea', 'read:all', 'Read', '!', '~');
const names = fc.oneof(
  fc.constantFrom('', 'api', 'web', 'https://as.example.com', 'ap', 'Bearer x', 'é', '10'),
  near(['api', 'https://as.example.com']).filter((text) => !hasControl(text) && isCountedAlike(text)),
);
const scopeLists = fc.array(scopeTokens, { maxLength: 3 }).map((scopes) => scopes.join(' '));

/** Mostly a policy that the claims meet. */
const policies = fc.tuple(
  fc.oneof(fc.constant(''), scopeLists, near(['read', ' read  write ']).filter(isCountedAlike)),
  fc.oneof(fc.constant(''), names),
  fc.oneof(fc.constant(''), names),
  fc.constantFrom('', '', '0', '60', '300', '5s'),
  fc.constantFrom('', '', '', '0', '60', '3600', '-1'),
);

const times = fc.constantFrom(0, 1, 59, 60, 61, 299, 300, 301, 3600);

const recordInputs: fc.Arbitrary<RecordInput> = fc.record({
  claims: fc.record({
    notBeforeSec: fc.oneof(
      fc.constant(0),
      times.map((sec) => 1700000000 - 60 + sec),
    ),
    scope: scopeLists,
    issuer: names,
    audience: fc.array(names, { maxLength: 3 }),
  }),
  jwt: fc.constantFrom('e30.e30.c2ln', `e30.${'a'.repeat(2000)}.c2ln`),
  binding: fc.constantFrom(
    { jkt: 'A'.repeat(43), x5t: '' },
    { jkt: '', x5t: 'b'.repeat(43) },
    { jkt: '0'.repeat(43), x5t: '-'.repeat(43) },
  ),
  policy: policies,
  otherPolicy: policies,
  lifeSec: times,
  ageSec: times,
  usableSec: times,
  staleIfErrorSec: fc.constantFrom(0, 0, 60, 3600),
});

export const record = target({
  name: 'record',
  inputs: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...corpusOf('record')) },
    { weight: 9, arbitrary: recordInputs },
    {
      // The location that hits is the one that stored, as most are.
      weight: 9,
      arbitrary: recordInputs.map((input) => ({ ...input, otherPolicy: input.policy })),
    },
  ),
  accepts: ({ verdict }) => verdict === 'good',
  findFault(input, verdict) {
    const { claims, policy, otherPolicy, lifeSec, ageSec } = input;
    const isSame = policy.join('\n') === otherPolicy.join('\n');
    const isOver = ageSec >= lifeSec;
    return firstFalse(
      [
        'what is written is read back',
        verdict.readGrants === verdict.grants && verdict.authorization === `Bearer ${input.jwt}`,
      ],
      [
        'a policy is met exactly when the claims hold what it asks for',
        !verdict.isPolicy || verdict.refusal === expectedRefusal(claims, policy, 1700000000 - ageSec),
      ],
      ['a policy that is none is met by nothing', verdict.isPolicy || !verdict.isMet],
      [
        'the short cut of a hit is taken under the policy that was met, and no other',
        verdict.isStoredUnder === (verdict.isMet || policy.join('\n') === '') &&
          (isSame || !verdict.isStoredUnderOther || !verdict.isMet),
      ],
      [
        'the short cut says what the evaluator says',
        !(isSame && verdict.isStoredUnderOther && verdict.isMet && verdict.isFresh) ||
          verdict.otherRefusal === undefined,
      ],
      ['nothing is taken after its end', !isOver || (!verdict.isFresh && !verdict.isReady && !verdict.meets)],
      [
        'a hit says what a miss says',
        verdict.verdict === undefined ||
          verdict.verdict === 'void' ||
          (verdict.otherRefusal ?? 'good') === verdict.verdict,
      ],
      ['a young record is never void', verdict.verdict !== 'void' || isOver || verdict.otherTtlSec <= ageSec],
      [
        'a stale record is taken only where that is wanted, and until the token ends',
        !verdict.mayStandIn || (input.staleIfErrorSec > 0 && ageSec < input.usableSec),
      ],
      [
        'nobody takes a bound record for an unbound one',
        verdict.isBound && !verdict.isBoundFresh && !verdict.mayBoundStandIn,
      ],
      [
        'a binding is read back, with its record',
        JSON.stringify(verdict.binding) === JSON.stringify(input.binding) && verdict.isUnboundPart,
      ],
      ['an unbound record with an end is never taken for a bound one', !verdict.isUnboundTakenForBound],
    );
  },
});

/** The same with lists: every value is compared whole. */
function expectedRefusal(
  claims: RecordInput['claims'],
  policy: readonly string[],
  nowSec: number,
): string | undefined {
  const [scopes = '', audience = '', issuer = '', skew = ''] = policy;
  const asked = scopes.split(' ').filter(Boolean);
  const granted = claims.scope.split(' ').filter(Boolean);
  if (claims.notBeforeSec > nowSec + (skew === '' ? 60 : Number(skew))) return 'token_not_yet_valid';
  if (issuer !== '' && claims.issuer !== issuer) return 'issuer_mismatch';
  if (audience !== '' && !claims.audience.includes(audience)) return 'audience_mismatch';
  return asked.every((scope) => granted.includes(scope)) ? undefined : 'scope_insufficient';
}

export const anyRecord = target({
  name: 'any_record',
  // No other text is stored: write_record.ts.
  inputs: near(corpusOf('any_record')).filter(isCountedAlike),
  accepts: ({ isFresh }) => isFresh,
  findFault(text, verdict) {
    const ends = [0, 10, 20, 30, 40].map((start) => Number(text.slice(start, start + 10)));
    return firstFalse(
      ['what has no end is not taken', !verdict.isFresh || (ends[1] as number) > 1700000000],
      ['what is not ready is not taken at once', !verdict.isReady || (ends[0] as number) > 1700000000],
      ['what cannot be read does not stand in', !verdict.mayStandIn || (ends[4] as number) > 1700000000],
    );
  },
});

export const denialRecord = target({
  name: 'denial_record',
  inputs: fc.record({
    record: near(corpusOf('denial_record').map((input) => input.record)),
    ttlSec: fc.constantFrom(0, 1, 5, 60),
  }),
  accepts: ({ reason }) => reason !== undefined,
  findFault({ record: text, ttlSec }, { reason, written }) {
    return firstFalse(
      [
        'a reason is read back for as long as the location takes one',
        written === (ttlSec > 0 ? 'token_inactive' : undefined),
      ],
      ['a reason is what stands behind the times', reason === undefined || text.slice(20) === reason],
    );
  },
});

export const listedKeyspace = target({
  name: 'listed_keyspace',
  inputs: near(corpusOf('listed_keyspace')),
  accepts: () => true,
  findFault(keyspace, listed) {
    return firstFalse([
      'it is read back',
      listed.keyspace === keyspace && listed.markTtlSec === 300 && listed.listedAtSec === 1700000000,
    ]);
  },
});

const lines = fc.tuple(
  ...[
    '443 api.example.com',
    '/introspect',
    '',
    '65536',
    'a=b',
    'obey',
    'application/jwt',
    '',
    'client',
    'Bearer abc',
  ].map((value) =>
    fc.oneof(
      fc.constant(value),
      edited(fc.constant(value), 1).map((text) => text.replaceAll('\n', '')),
    ),
  ),
);

export const key = target({
  name: 'key',
  inputs: fc.tuple(lines, lines).map(([some, others]) => ({ lines: some, otherLines: others })),
  accepts: ({ key: found, otherKey }) => found !== otherKey,
  findFault(input, { key: found, otherKey, credential, endpoint, keyspace }) {
    const isSame = JSON.stringify(input.lines) === JSON.stringify(input.otherLines);
    const token = (input.lines[9] as string).split(' ').at(-1) as string;
    return firstFalse(
      ['two questions have two keys, one has one', (found === otherKey) === isSame],
      ['a key is 43 characters of base64url', /^[A-Za-z0-9_-]{43}$/.test(found)],
      ['a key holds no token', token.length < 5 || !found.includes(token)],
      [
        'the parts are the lines',
        credential === input.lines[9] && endpoint === input.lines.slice(0, 2).join('\n'),
      ],
      [
        'all of a lookup but the token is its keyspace',
        keyspace === `${input.lines.slice(0, 9).join('\n')}\nBearer `,
      ],
    );
  },
});
