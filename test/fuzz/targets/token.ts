// JSON, JWTs, claims, and what is asked of them.
import fc from 'fast-check';
import { anyOf, claimObject, edited, jsonOf, jwtOf, near } from '../inputs.js';
import { decodeJwt, hasControl, parseObject, quotes } from '../references.js';
import { corpusOf, firstFalse, target } from '../target.js';
import { Now } from '../verdicts.js';

export const json = target({
  name: 'json',
  inputs: fc.oneof(near(corpusOf('json')), jsonOf(claimObject), fc.json()),
  accepts: (value) => value !== undefined,
  findFault(text, value) {
    return firstFalse([
      'it is the object that the text holds',
      JSON.stringify(value) === JSON.stringify(parseObject(text)),
    ]);
  },
});

const jwts = fc.oneof(
  { weight: 3, arbitrary: jwtOf(claimObject) },
  { weight: 1, arbitrary: near(corpusOf('jwt')) },
);

export const jwt = target({
  name: 'jwt',
  inputs: jwts,
  accepts: (verdict) => verdict.jwt !== undefined,
  findFault(text, { jwt: found, problem, tokens, jws, isCanonical }) {
    const decoded = decodeJwt(text);
    if (found === undefined) {
      return firstFalse(
        ['why it is refused is said without quoting it', problem !== '' && !quotes(problem, text)],
        ['what is no JWT has one spelling', tokens.spellings.length === 1],
      );
    }
    const twin = tokens.spellings[1];
    return firstFalse(
      ['a JWT is three base64url parts of JSON objects', decoded !== undefined],
      [
        'its text can end no header',
        /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text) && found.text === text,
      ],
      [
        'header and payload are what the parts hold',
        JSON.stringify([decoded?.header, decoded?.payload]) === JSON.stringify([found.header, found.payload]),
      ],
      ['alg none is never taken', !/^none$/i.test(String(found.header.alg))],
      ['every JWT looks like one', tokens.isJwsShaped && text.startsWith(`${tokens.signedPart}.`)],
      [
        'another spelling has the same signed part',
        twin === undefined || twin.startsWith(`${tokens.signedPart}.`),
      ],
      [
        'only ECDSA has another spelling',
        twin === undefined || /^ES(256|384|512)$/.test(String(found.header.alg)),
      ],
      [
        'a canonical signature has one text',
        isCanonical === (signatureOf(text) === reencoded(signatureOf(text))),
      ],
      [
        'a signature is tried for a closed list of algorithms, without keys or extensions from the header',
        jws?.kind !== 'jws' ||
          (/^([RP]S|ES)(256|384|512)$/.test(jws.alg) &&
            ['crit', 'b64', 'jku', 'x5u', 'jwk'].every((member) => found.header[member] === undefined)),
      ],
    );
  },
});

function signatureOf(text: string): string {
  return text.slice(text.lastIndexOf('.') + 1);
}

function reencoded(part: string): string {
  return Buffer.from(part, 'base64url').toString('base64url');
}

export const presentedJwt = target({
  name: 'presented_jwt',
  inputs: jwts,
  accepts: (verdict) => verdict?.kind === 'active',
  findFault(text, verdict) {
    if (verdict?.kind !== 'active') return '';
    const { header, payload } = decodeJwt(text) ?? { header: {}, payload: {} };
    const { exp, cnf, typ, token_type: tokenType } = payload;
    return firstFalse(
      ['it has an end, which is not over', typeof exp === 'number' && exp > Now.sec],
      ['its header says access token', /^(application\/)?(at\+)?jwt$/i.test(String(header.typ))],
      ['a bound one is known as bound', (verdict.binding !== undefined) === (cnf !== undefined)],
      [
        'no token of another kind',
        payload.nonce === undefined &&
          payload.token_introspection === undefined &&
          payload.active === undefined,
      ],
      [
        'its type is one of access tokens',
        typ === undefined || /^(bearer|dpop|(at\+)?jwt)$/i.test(String(typ)),
      ],
      ['its token_type is no refresh token', tokenType === undefined || !/refresh/i.test(String(tokenType))],
    );
  },
});

export const claims = target({
  name: 'claims',
  inputs: fc.oneof(near(corpusOf('claims')), jsonOf(claimObject)),
  accepts: ({ read }) => read?.kind === 'claims',
  findFault(_text, { read, binding, grants }) {
    if (read === undefined) return '';
    if (read.kind === 'invalid_claim') {
      return firstFalse(['the claim is named by a word of ours', /^[a-z_]{3,10}$/.test(read.claim)]);
    }
    const { claims: known, expiresAtSec } = read;
    const texts = [known.issuer, ...known.audience];
    return firstFalse(
      ['times are whole seconds of ten digits', [known.notBeforeSec, expiresAtSec ?? 0].every(isTime)],
      ['no text of a claim holds a separator', !texts.some(hasControl)],
      ['scopes have one space between two', known.scope === known.scope.split(' ').filter(Boolean).join(' ')],
      ['scopes are RFC 6749 §3.3', /^[\x20\x21\x23-\x5B\x5D-\x7E]*$/.test(known.scope)],
      [
        'the separators stand where they belong',
        grants?.split(/[\n\v\f]/).length ===
          6 + Math.max(0, known.audience.length - 1) + known.scope.split(' ').length - 1 + 1,
      ],
      [
        'a binding names a key',
        binding === undefined || /^[\w-]{43}$/.test(binding.jkt) || /^[\w-]{43}$/.test(binding.x5t),
      ],
    );
  },
});

function isTime(sec: number): boolean {
  return Number.isInteger(sec) && sec >= 0 && sec <= 9999999999;
}

const responses = fc.record({
  iss: anyOf('https://as.example.com'),
  aud: anyOf('s6BhdRkqt3', ['s6BhdRkqt3', 'other']),
  iat: anyOf(1700000000),
  token_introspection: fc.oneof(anyOf({ active: true }, { active: false }), claimObject),
});

const signedResponseJwts = responses.map((payload) =>
  [
    Buffer.from('{"typ":"token-introspection+jwt","alg":"RS256"}').toString('base64url'),
    Buffer.from(JSON.stringify(payload)).toString('base64url'),
    'Wlpa'.repeat(85).concat('Wg'),
  ].join('.'),
);

export const signedResponse = target({
  name: 'signed_response',
  inputs: fc.oneof(
    fc.constantFrom(...corpusOf('signed_response')),
    fc.record({
      jwt: fc.oneof(
        signedResponseJwts,
        signedResponseJwts,
        edited(signedResponseJwts, 2),
        jwtOf(claimObject),
      ),
      issuer: fc.constantFrom(
        'https://as.example.com',
        'https://as.example.com',
        'https://other.example.com',
        '',
      ),
      clientId: fc.constantFrom('s6BhdRkqt3', 's6BhdRkqt3', 'web', ''),
    }),
  ),
  accepts: (verdict) => verdict?.kind === 'verified_answer',
  findFault({ jwt: text, issuer, clientId }, verdict) {
    if (verdict?.kind !== 'verified_answer') return '';
    const { header, payload } = decodeJwt(text) ?? { header: {}, payload: {} };
    return firstFalse(
      ['it is of our server', issuer !== '' && payload.iss === issuer],
      ['it is for us', clientId !== '' && [payload.aud].flat().includes(clientId)],
      ['it is of its type', /^(application\/)?token-introspection\+jwt$/i.test(String(header.typ))],
      [
        'active is what the response says',
        verdict.answer.active === (payload.token_introspection as Record<string, unknown>).active,
      ],
    );
  },
});
