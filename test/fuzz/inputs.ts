// Inputs that come close to good ones: texts of the corpus with a few edits, JSON that says nearly the right things, JWTs of it.
import fc from 'fast-check';

/** What parsers stumble over: ends of lines, separators, escapes, letters that fold to others, ends of ranges of Unicode. */
const FRAGMENTS = [
  ...' \t\n\r\v\f\0\x7F"\'\\,;:=%&+~-_./?#@(){}[]<>|^`$*!'.split(''),
  ...[
    '\r\n',
    '  ',
    '..',
    '//',
    '/..',
    '/.',
    '%2e',
    '%2E%2e',
    '%2f',
    '%0a',
    '%0D',
    '%00',
    '%',
    '%z',
    '%C3%A9',
    '%ff',
  ],
  ...['é', '€', '😀', '\u2028', '\u0085', '\u00A0', '\uFEFF', '\uFFFD', '\uFFFF', '\u212A', 'ſ', 'İ', 'ß'],
  ...[
    '\\ud800',
    '\\u0000',
    '\\n',
    '\\u0061',
    '0',
    '-1',
    '-0',
    '1.5',
    '1e3',
    '1e400',
    '9007199254740993',
    '00',
  ],
  ...['true', 'false', 'null', '{}', '[]', '"a"', '__proto__', 'constructor', 'active', 'undefined', 'NaN'],
  ...['A', 'a', 'z', 'Z', '9', '==', 'eyJ', 'e30', 'Bearer ', 'DPoP ', 'https://', 'token=', 'none'],
];

interface Edit {
  readonly kind: 'insert' | 'replace' | 'delete' | 'repeat' | 'cut' | 'case' | 'flip' | 'move';
  /** Of the text's length, in 10,000ths. */
  readonly at: number;
  readonly length: number;
  readonly fragment: string;
}

const fragment = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...FRAGMENTS) },
  { weight: 2, arbitrary: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }).map(wellFormed) },
);

const edit = editWith(fragment);

function editWith(inserted: fc.Arbitrary<string>): fc.Arbitrary<Edit> {
  return fc.record({
    kind: fc.constantFrom('insert', 'replace', 'delete', 'repeat', 'cut', 'case', 'flip', 'move'),
    at: fc.nat(10_000),
    length: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
    fragment: inserted,
  });
}

/** One of the texts with up to four edits; seldom any text. */
export function near(texts: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary: edited(fc.constantFrom(...texts), 4) },
    { weight: 2, arbitrary: fc.array(fragment, { maxLength: 8 }).map((parts) => parts.join('')) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }).map(wellFormed) },
  );
}

export function edited(texts: fc.Arbitrary<string>, mostEdits: number): fc.Arbitrary<string> {
  return editedBy(texts, fc.array(edit, { maxLength: mostEdits }));
}

/** The same, where other pieces than usual are put in as often as the usual ones. */
export function editedWith(
  texts: fc.Arbitrary<string>,
  mostEdits: number,
  pieces: readonly string[],
): fc.Arbitrary<string> {
  const other = editWith(fc.constantFrom(...pieces));
  return editedBy(texts, fc.array(fc.oneof(edit, other), { maxLength: mostEdits }));
}

function editedBy(texts: fc.Arbitrary<string>, edits: fc.Arbitrary<Edit[]>): fc.Arbitrary<string> {
  return fc.tuple(texts, edits).map(([text, list]) => wellFormed(list.reduce(applyEdit, text)));
}

function applyEdit(text: string, { kind, at, length, fragment: inserted }: Edit): string {
  const start = Math.floor((at / 10_000) * text.length);
  const before = text.slice(0, start);
  const part = text.slice(start, start + length);
  const after = text.slice(start + length);
  switch (kind) {
    case 'insert':
      return before + inserted + part + after;
    case 'replace':
      return before + inserted + after;
    case 'delete':
      return before + after;
    case 'repeat':
      return before + part.repeat(inserted === '😀' ? 300 : 2) + after;
    case 'cut':
      return before;
    case 'case':
      return before + (part.toUpperCase() === part ? part.toLowerCase() : part.toUpperCase()) + after;
    case 'flip':
      return before + flipBit(part, length) + after;
    case 'move':
      return part + before + after;
  }
}

/** Another character, of which one bit differs. */
function flipBit(part: string, bit: number): string {
  return part === '' ? '' : String.fromCharCode(part.charCodeAt(0) ^ (1 << (bit % 7))) + part.slice(1);
}

/** What can reach the script: nginx hands over UTF-8, in which half a surrogate pair cannot be written. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

/** Any of these, of whatever type: for members of JSON. */
export function anyOf(...values: unknown[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...values) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_VALUES) },
  );
}

const ODD_VALUES: unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 1e308, 2 ** 53, '', ' ', 'a', 'A\nB', '\u0000', 'é', '\ud800'],
  ...[[], {}, [[]], [null], ['a', 1], { length: 1 }, { toString: 'a' }, '__proto__', ['a', 'b']],
];

const TIMES = [0, 1, 1699999999, 1700000000, 1700000001, 1700003600.5, 9999999999, 99999999999, '1700003600'];

/** Members that decide, present or not. */
const CLAIMS = fc.record(
  {
    exp: anyOf(1700003600, ...TIMES),
    nbf: anyOf(...TIMES),
    iat: anyOf(...TIMES),
    scope: anyOf('read', 'read write', ' read  write ', '', ['read', 'write'], 'a"b', 'é'),
    aud: anyOf('api', ['api', 'web'], [], '', 'a\u000Bb', 's6BhdRkqt3'),
    iss: anyOf('https://as.example.com', 'https://other.example.com', '', 'a\u000Cb'),
    sub: anyOf('alice'),
    client_id: anyOf('web', 's6BhdRkqt3'),
    typ: anyOf('Bearer', 'Refresh', 'ID', 'at+jwt'),
    token_type: anyOf('Bearer', 'bearer', 'DPoP', 'refresh_token', 'access_token', 'N_A'),
    token_use: anyOf('access_token', 'access', 'id', 'refresh_token'),
    cnf: anyOf({ jkt: 'A'.repeat(43) }, { 'x5t#S256': 'B'.repeat(43) }, { jkt: 'short' }, {}, { jwk: {} }),
    token_introspection: anyOf({ active: true }, { active: false }, { active: true, iss: 'x' }),
    nonce: anyOf('n'),
  },
  { requiredKeys: [] },
);

const USUAL_CLAIMS = { iss: 'https://as.example.com', aud: 'api', exp: 1700003600, scope: 'read' };

/** An object of claims: a usual one with other members now and then. */
export const claimObject: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Record<string, unknown>>(USUAL_CLAIMS) },
  { weight: 2, arbitrary: CLAIMS.map((claims) => ({ ...USUAL_CLAIMS, ...claims })) },
  { weight: 1, arbitrary: CLAIMS },
);

/** JSON text of these values, with an edit now and then. */
export function jsonOf(values: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: values.map((value) => JSON.stringify(value)) },
    {
      weight: 1,
      arbitrary: edited(
        values.map((value) => JSON.stringify(value)),
        2,
      ),
    },
  );
}

const HEADERS = fc.record(
  {
    alg: anyOf('RS256', 'ES256', 'HS256', 'none', 'NONE', 'EdDSA', 'XX1', 'ES512', 'PS384', 'Ed448'),
    typ: anyOf(
      'at+jwt',
      'JWT',
      'jwt',
      'token-introspection+jwt',
      'application/token-introspection+jwt',
      'dpop+jwt',
    ),
    kid: anyOf('k1', 'k2'),
    crit: anyOf(['b64']),
    jku: anyOf('https://attacker.example.com'),
    jwk: anyOf({ kty: 'oct' }),
  },
  { requiredKeys: [] },
);

const headerObject = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Record<string, unknown>>({ alg: 'RS256', typ: 'at+jwt', kid: 'k1' }) },
  { weight: 2, arbitrary: fc.constant<Record<string, unknown>>({ alg: 'ES256', typ: 'JWT' }) },
  {
    weight: 1,
    arbitrary: fc.constant<Record<string, unknown>>({ alg: 'RS256', typ: 'token-introspection+jwt' }),
  },
  { weight: 3, arbitrary: HEADERS.map((header) => ({ alg: 'RS256', ...header }) as Record<string, unknown>) },
);

const SIGNATURE_BYTES: Record<string, number> = { HS256: 32, ES256: 64, ES512: 132, Ed448: 114, EdDSA: 64 };

/** Compact JWSs of such claims, whose signature nobody made; some are edited. */
export function jwtOf(claims: fc.Arbitrary<unknown>): fc.Arbitrary<string> {
  const made = fc
    .tuple(jsonOf(headerObject), jsonOf(claims), fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1, 32))
    .map(([header, payload, surplus]) => {
      const alg = /"alg":"(\w+)"/.exec(header)?.[1] ?? 'RS256';
      const signature = Buffer.alloc(
        (Object.hasOwn(SIGNATURE_BYTES, alg) ? (SIGNATURE_BYTES[alg] as number) : 256) + surplus,
        0x5a,
      );
      return [encode(header), encode(payload), signature.toString('base64url')].join('.');
    });
  return fc.oneof({ weight: 5, arbitrary: made }, { weight: 2, arbitrary: edited(made, 2) });
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url');
}
