// Answers of the authorization server, spoilt.
import fc from 'fast-check';
import { anyOf, claimObject, edited, jsonOf, jwtOf } from '../inputs.js';
import { decodeJwt, parseObject, quotes } from '../references.js';
import { corpusOf, firstFalse, target } from '../target.js';
import { type AnswerInput, Now } from '../verdicts.js';

const CONTENT_TYPES = [
  'application/json',
  'application/jwt',
  'application/json; charset=utf-8',
  'Application/JWT',
  'application/token-introspection+jwt',
  'text/html',
  'application/jwt, text/html',
  'application/json application/jwt',
  '',
];

const kept = corpusOf('answer');
const jwts = jwtOf(claimObject);
const jsonAnswers = fc
  .tuple(
    claimObject,
    anyOf(true, true, true, true, true, 'true', false, 1),
    fc.constantFrom('phantom_token', 'phantom_token', 'jwt', 'token_string', '__proto__', 'JWT'),
    fc.oneof({ weight: 8, arbitrary: jwts }, { weight: 1, arbitrary: anyOf('') }),
  )
  .map(([claims, active, member, jwt]) => ({ active, ...claims, [member]: jwt }));

const bodies = fc.oneof(
  { weight: 4, arbitrary: jsonOf(jsonAnswers) },
  { weight: 3, arbitrary: jwts },
  { weight: 1, arbitrary: jwts.map((jwt) => `${jwt}\r\n`) },
  { weight: 2, arbitrary: edited(fc.constantFrom(...kept.map(({ reply }) => reply.body)), 3) },
);

/** The type fits the body, mostly. */
const replies = fc
  .record({
    body: bodies,
    isIntrospection: fc.constantFrom(true, true, true, true, true, true, false),
    limitProblem: fc.constantFrom('', '', '', '', '', '', 'include introspection_limits.conf'),
    failure: fc.constantFrom('', '', '', 'connect'),
    status: fc.constantFrom(
      ...Array<number>(20).fill(200),
      204,
      206,
      301,
      400,
      401,
      403,
      429,
      500,
      502,
      503,
      504,
      0,
    ),
    contentType: fc.oneof(
      { weight: 5, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...CONTENT_TYPES) },
    ),
    surplus: fc.constantFrom(0, 0, 0, 0, 0, 1, -1, undefined, undefined),
    cacheControl: fc.constantFrom('', 'no-store', 'max-age=60'),
    retryAfter: fc.constantFrom('', '5', 'soon'),
  })
  .map(({ body, contentType, surplus, ...rest }): AnswerInput['reply'] => {
    const bodyBytes = Buffer.byteLength(body);
    return {
      kind: 'reply',
      ...rest,
      body,
      bodyBytes,
      age: '',
      contentType: contentType ?? (body.startsWith('{') ? 'application/json' : 'application/jwt'),
      contentLength: surplus === undefined ? '' : String(bodyBytes + surplus),
    };
  });

export const answer = target({
  name: 'answer',
  inputs: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...kept) },
    {
      weight: 30,
      arbitrary: fc.record({
        reply: replies,
        jwtField: fc.constantFrom('', '', '', '', 'jwt', 'at'),
        accept: fc.constantFrom(
          'application/jwt',
          'application/jwt',
          'application/json',
          'application/token-introspection+jwt',
        ),
        constraint: fc.constantFrom('' as const, '' as const, 'verify' as const, 'require' as const),
        mint: fc.constantFrom('off' as const, 'off' as const, 'missing' as const),
        jwks: fc.constantFrom('', '', '/jwks'),
      }),
    },
  ),
  accepts: ({ kind }) => kind === 'active',
  findFault(input, verdict) {
    const { reply } = input;
    if (verdict.kind === 'unavailable') {
      return firstFalse(
        ['the log quotes nothing of the body', !quotes(verdict.detail, reply.body)],
        ['the log has one line of it', !/[\r\n]/.test(verdict.detail)],
      );
    }
    if (verdict.kind === 'signed_response') {
      return firstFalse([
        'a signed response needs keys that verify it',
        input.jwks !== '' && reply.status === 200,
      ]);
    }
    if (verdict.kind !== 'active') {
      return firstFalse([
        'a client is blamed only for what the server said',
        reply.isIntrospection && [200, 204, 400].includes(reply.status),
      ]);
    }
    return whyNotActive(input, verdict.jwt) || findClaimFault(verdict);
  },
});

/** The rule, read from RFC 7662 §2.2 and docs/answers.md: '' when the answer makes its token active, and names this JWT. */
function whyNotActive(input: AnswerInput, jwt: string): string {
  const { reply } = input;
  const isJson = /^application\/json *(;|$)/i.test(reply.contentType.trim());
  const isJwt = /^application\/jwt *(;|$)/i.test(reply.contentType.trim());
  const source = isJson ? parseObject(reply.body) : decodeJwt(reply.body.trim())?.payload;
  const own = jwt === '' ? source : decodeJwt(jwt)?.payload;
  const sources = [source, own];
  return firstFalse(
    [
      'only what the introspection location answered counts',
      reply.isIntrospection && reply.limitProblem === '',
    ],
    ['only 200 makes a token active', reply.status === 200],
    [
      'the answer is whole',
      reply.contentLength === '' || reply.contentLength === String(Buffer.byteLength(reply.body)),
    ],
    ['its type is JSON or JWT', isJson || isJwt],
    ['it holds claims', source !== undefined && own !== undefined],
    ['who asks for a signed answer takes no other', input.accept !== 'application/token-introspection+jwt'],
    [
      'active is true in JSON',
      !isJson || (source !== undefined && Object.hasOwn(source, 'active') && source.active === true),
    ],
    ['no source says anything but true', sources.every((s) => s?.active === undefined || s.active === true)],
    [
      'no source is over',
      sources.every((s) => s?.exp === undefined || (typeof s.exp === 'number' && s.exp >= Now.sec + 1)),
    ],
    [
      'the JWT is the one of the answer',
      isJson ? jwt === '' || Object.values(source ?? {}).includes(jwt) : reply.body.trim() === jwt,
    ],
    ['without a JWT only a gateway that signs goes on', jwt !== '' || (isJson && input.mint !== 'off')],
    ['the JWT is no answer to introspection', own?.token_introspection === undefined || jwt === ''],
    [
      'no source names another kind of token',
      sources.every((s) => !/refresh|^id$/i.test(`${s?.token_type ?? ''}${s?.token_use ?? ''}`)),
    ],
    [
      'a bound token needs a location that verifies',
      input.constraint !== '' || sources.every((s) => s?.cnf === undefined),
    ],
    [
      'where binding is required the token is bound',
      input.constraint !== 'require' || sources.some((s) => s?.cnf !== undefined),
    ],
  );
}

function findClaimFault({ expiresAtSec }: { expiresAtSec: number | undefined }): string {
  return firstFalse(['its end lies ahead', expiresAtSec === undefined || expiresAtSec > Now.sec]);
}
