// What shows that a client holds a key: certificates and DPoP proofs.
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/cache/key.js';
import { edited, jsonOf, near } from '../inputs.js';
import { decodeJwt } from '../references.js';
import { corpusOf, firstFalse, target } from '../target.js';

/** SEQUENCEs of some bytes, as certificates are, with a length in one byte or two. */
const ders = fc.uint8Array({ minLength: 0, maxLength: 700 }).map((bytes) => {
  const length = bytes.length > 255 ? [0x82, bytes.length >> 8, bytes.length & 255] : [0x81, bytes.length];
  return Buffer.concat([Buffer.from([0x30, ...length]), bytes]).toString('base64');
});

const FORMS: ((base64: string) => string)[] = [
  (base64) => base64,
  (base64) => `:${base64}:`,
  pemOf,
  (base64) => pemOf(base64).replaceAll('\n', '\n\t').trimEnd(),
  (base64) => encodeURIComponent(pemOf(base64)),
];

function pemOf(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

const certificates = fc.tuple(ders, fc.constantFrom(...FORMS)).map(([der, form]) => form(der));

export const certificate = target({
  name: 'certificate',
  inputs: fc.oneof(certificates, edited(certificates, 2), near(corpusOf('certificate'))),
  accepts: (thumbprint) => thumbprint !== undefined,
  findFault(text, thumbprint) {
    if (thumbprint === undefined) return '';
    const base64 = (text.includes('%') ? decodeURIComponent(text) : text)
      .replace(/-----(BEGIN|END) CERTIFICATE-----/g, '')
      .replace(/\s/g, '')
      .replace(/^:|:$/g, '');
    const der = Buffer.from(base64, 'base64');
    return firstFalse(
      ['it is SHA-256 of the bytes', thumbprint === sha256(der)],
      ['the bytes have one text', der.toString('base64') === base64],
      ['one certificate at a time', text.split('BEGIN').length <= 2],
      ['it is one SEQUENCE', der[0] === 0x30],
    );
  },
});

const kept = corpusOf('dpop_proof');
const good = kept[0] as (typeof kept)[0];
const goodParts = decodeJwt(good.proof) ?? { header: {}, payload: {} };
const goodInput = good.proof.slice(0, good.proof.lastIndexOf('.'));
const goodSignature = good.proof.slice(good.proof.lastIndexOf('.') + 1);

interface Signed {
  readonly alg: string;
  readonly key: object;
  readonly input: string;
  readonly signature: string;
}

function isVerified({ alg, key, input, signature }: Signed): boolean {
  try {
    return verify(
      alg.endsWith('256') ? 'sha256' : 'sha384',
      Buffer.from(input),
      { key: createPublicKey({ key: key as JsonWebKey, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  } catch {
    return false; // a point that is not on its curve
  }
}

/** The good proof with other members, below its old signature. */
const remade = fc
  .tuple(
    jsonOf(
      fc
        .record(
          {
            typ: fc.constantFrom('jwt', 'DPOP+JWT'),
            alg: fc.constantFrom('ES384', 'none', 'HS256', 'RS256'),
            crit: fc.constant(['b64']),
            kid: fc.constant('k'),
          },
          { requiredKeys: [] },
        )
        .map((members) => ({ ...goodParts.header, ...members })),
    ),
    jsonOf(
      fc
        .record(
          {
            htm: fc.constantFrom('POST', 'get', ''),
            htu: near(['https://api.example.com/orders']),
            iat: fc.constantFrom(1699999000, 1700000061, 1.5, '1'),
            ath: fc.constantFrom('', 'A'.repeat(43)),
            jti: fc.constantFrom('', 'other'),
            nonce: fc.constantFrom('n', 1),
          },
          { requiredKeys: [] },
        )
        .map((members) => ({ ...goodParts.payload, ...members })),
    ),
  )
  .map(
    ([header, payload]) =>
      `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}.${goodSignature}`,
  );

export const dpopProof = target({
  name: 'dpop_proof',
  inputs: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...kept) },
    {
      weight: 20,
      arbitrary: fc.record({
        proof: fc.oneof(near([good.proof]), remade),
        request: fc
          .record(
            {
              method: fc.constantFrom('POST', 'get'),
              requestUri: near(['/orders', '/orders?a=b', '/ORDERS']),
              token: fc.constant('other'),
              jkt: fc.constant('B'.repeat(43)),
            },
            { requiredKeys: [] },
          )
          .chain((members) => fc.constantFrom(good.request, good.request, { ...good.request, ...members })),
        times: fc.constantFrom(good.times, good.times, { maxAgeSec: 1, clockSkewSec: 0 }),
      }),
    },
  ),
  accepts: (verdict) => verdict.kind === 'proof' && verdict.refusal === undefined,
  findFault({ proof, request }, verdict) {
    if (verdict.kind !== 'proof') return '';
    const isSigned = isVerified(verdict);
    const passes = verdict.refusal === undefined && isSigned;
    return firstFalse(
      [
        'no other proof than the one that was made passes',
        !passes || (verdict.input === goodInput && proof === good.proof),
      ],
      [
        'it passes with its own request alone',
        !passes ||
          (request.method === 'GET' && request.token === good.request.token && request.jkt === verdict.jkt),
      ],
      ['a proof has one spelling', proof === `${verdict.input}.${verdict.signature}`],
      ['its algorithm is one that the challenge names', /^(ES256|ES384|RS256|PS256)$/.test(verdict.alg)],
    );
  },
});
