// What clients, operators and other proxies send.
import fc from 'fast-check';
import { formEncode } from '../../../src/core/text/form.js';
import { anyOf, edited, near } from '../inputs.js';
import { behindScheme, hasControl, isB64Token } from '../references.js';
import { corpusOf, firstFalse, target } from '../target.js';
import type { VerdictOf } from '../verdicts.js';

/** Of a token's grammar, of any length. */
const tokens = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,40}={0,3}$/),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 4090, max: 4100 }).map((length) => 'a~'.repeat(2050).slice(0, length)),
  },
);

function credential(name: 'bearer' | 'dpop_credential', scheme: string) {
  return target({
    name,
    inputs: fc.oneof(
      near(corpusOf(name)),
      tokens.map((token) => `${scheme} ${token}`),
    ),
    accepts: (verdict: VerdictOf<typeof name>) => verdict.kind === 'token',
    findFault(header, verdict) {
      const rest = behindScheme(header, scheme.toLowerCase());
      const expected =
        rest === undefined || rest === '' ? 'token_missing' : isB64Token(rest) ? rest : 'token_malformed';
      const found = verdict.kind === 'token' ? verdict.token : verdict.reason;
      return firstFalse(
        [`RFC 6750 §2.1 says ${expected === rest ? 'a token' : expected}`, found === expected],
        [
          'a token holds no space and no end of a line',
          verdict.kind !== 'token' || !/\s/.test(verdict.token),
        ],
      );
    },
  });
}

export const bearer = credential('bearer', 'Bearer');

export const dpopCredential = credential('dpop_credential', 'DPoP');

/** A form as any encoder may write it: each character plain where it may be, or escaped in either case. */
const forms = fc
  .tuple(
    tokens,
    fc.infiniteStream(fc.constantFrom(0, 0, 0, 1, 2)),
    fc.constantFrom('', '', '&token_type_hint=access_token', '&a=b', '&token=x', '&xtoken=y'),
  )
  .map(
    ([token, choices, more]) =>
      `token=${Array.from(token, (character) => spelt(character, choices.next().value as number)).join('')}${more}`,
  );

function spelt(character: string, choice: number): string {
  const escaped = `%${character.charCodeAt(0).toString(16)}`;
  const mustEscape = '+/='.includes(character);
  if (choice === 0 && !mustEscape) return character;
  return choice === 2 ? escaped.toUpperCase() : escaped;
}

export const tokenForm = target({
  name: 'token_form',
  inputs: fc.oneof(near(corpusOf('token_form')), forms, edited(forms, 1)),
  accepts: ({ asked }) => asked !== undefined,
  findFault(form, { named, asked, usual }) {
    const fields = new URLSearchParams(form.replace(/^\?/, '%3F')).getAll('token');
    const isCanonical = asked !== undefined && form === `token=${formEncode(asked)}` && isB64Token(asked);
    return firstFalse(
      ['the short way and the whole one name the same token', usual === '' || usual === asked],
      ['a question has no other token than a purge of the same form', asked === undefined || asked === named],
      ['what the short way takes is a token', usual === '' || isB64Token(usual)],
      ['the short way takes the usual spelling', !isCanonical || usual === asked],
      [
        'another reader of the form finds the same token first',
        asked === undefined || fields.length > 1 || fields.includes(asked),
      ],
    );
  },
});

export const question = target({
  name: 'question',
  inputs: tokens.filter((token) => token.length <= 4096),
  accepts: ({ asked }) => asked !== undefined,
  findFault(token, { form, asked, usual }) {
    return firstFalse(
      ['our own question gives back the token, whole', asked === token],
      ['the short way reads our own question', usual === token],
      ['another reader of the form finds the token', new URLSearchParams(form).get('token') === token],
      [
        'there are two fields, whatever the token',
        form.split('&').length === 2 && form.split('=').length === 3,
      ],
    );
  },
});

export const formEncoding = target({
  name: 'form_encoding',
  inputs: near(corpusOf('form_encoding')),
  accepts: () => true,
  findFault(text, encoded) {
    return firstFalse(
      ['any reader of a form gives back the text', new URLSearchParams(`a=${encoded}`).get('a') === text],
      ['it is one field', !/[&=;\s]/.test(encoded)],
    );
  },
});

const values = near([
  '',
  'GET',
  'POST',
  'https',
  'api.example.com',
  '/a/b?c=d',
  'https://api.example.com/a/b?c=d',
]);
const header = fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: values });

export const forwarded = target({
  name: 'forwarded',
  inputs: fc.oneof(
    fc.constantFrom(...corpusOf('forwarded')),
    fc.record({
      own: fc.record({
        method: fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS'),
        uri: fc.constantFrom('/auth', '/auth?x=1'),
      }),
      headers: fc.record({
        method: fc.oneof(fc.constantFrom('', 'GET', 'POST', 'DELETE'), header),
        originalMethod: fc.oneof(fc.constantFrom('', 'GET', 'POST'), header),
        proto: fc.oneof(fc.constantFrom('', 'https', 'http', 'HTTPS'), header),
        host: fc.oneof(
          fc.constantFrom('', 'api.example.com', 'api.example.com:443', 'API.example.com'),
          header,
        ),
        uri: fc.oneof(fc.constantFrom('', '/a/b?c=d', '/'), header),
        url: fc.oneof(
          fc.constantFrom('', 'https://api.example.com/a/b?c=d', '/a/b?c=d', 'https://api.example.com'),
          header,
        ),
      }),
    }),
  ),
  accepts: (original) => original !== undefined,
  findFault({ own, headers }, original) {
    const { method, originalMethod, uri, url, proto, host } = headers;
    if (original === undefined) return '';
    const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '') || (url === '' ? '' : '/');
    return firstFalse(
      [
        'two methods that differ are refused',
        method === '' || originalMethod === '' || method === originalMethod,
      ],
      ['two URIs that differ are refused', uri === '' || path === '' || uri === path],
      ['the method is one that was told', [own.method, method, originalMethod].includes(original.method)],
      ['a request with a body asks for no other method', own.method !== 'POST' || original.method === 'POST'],
      ['the method is letters', original.method === own.method || /^[A-Za-z-]+$/.test(original.method)],
      [
        'a URI begins with a slash',
        original.uri === undefined || original.uri === own.uri || original.uri[0] === '/',
      ],
      [
        'an origin needs a URL, or scheme and host',
        original.origin === '' || url !== '' || (proto !== '' && host !== ''),
      ],
      [
        'what is told of methods and URIs is told whole',
        original.uri !== undefined || method + originalMethod + uri + url !== '',
      ],
    );
  },
});

export const mediaTypes = target({
  name: 'media_type',
  inputs: near(corpusOf('media_type')),
  accepts: ({ type }) => type !== '',
  findFault(text, { type }) {
    return firstFalse(
      ['a media type has no control character and no quote', !hasControl(type) && !/[" ;,\\]/.test(type)],
      [
        'it is what stands before the first parameter',
        type === '' || text.trim().toLowerCase().startsWith(type),
      ],
      ['it has one slash', type === '' || type.split('/').length === 2],
    );
  },
});

export const checks = target({
  name: 'check',
  inputs: near(corpusOf('check')),
  accepts: (problems) => problems.endpoint === undefined || problems.formFields === undefined,
  findFault(value, problems) {
    const own = [
      'token',
      'token_type_hint',
      'client_id',
      'client_secret',
      'client_assertion',
      'client_assertion_type',
    ];
    const fields = new URLSearchParams(value);
    const taken = Object.entries(problems).filter(([, problem]) => problem === undefined);
    return firstFalse(
      ['what is plain has no control character', problems.isPlain === !hasControl(value)],
      [
        `no setting takes a control character: ${taken.map(([name]) => name)}`,
        !hasControl(value) || taken.length === 0,
      ],
      ['a realm ends no quoted string', problems.realm !== undefined || !/["\\]/.test(value)],
      [
        'a URL of metadata ends no quoted string',
        problems.metadataUrl !== undefined || !/["\\\s]/.test(value),
      ],
      ['an endpoint has no query', problems.endpoint !== undefined || !/[?#\s]/.test(value)],
      [
        'an endpoint that is a URL names no user',
        problems.endpoint !== undefined || value[0] === '/' || !value.split('/')[2]?.includes('@'),
      ],
      [
        'form fields name none of our own',
        problems.formFields !== undefined || own.every((name) => !fields.has(name)),
      ],
      [
        'form fields are one text of whole fields',
        problems.formFields !== undefined || !/[\s&]$|^&/.test(value),
      ],
      [
        'a number is digits',
        problems.whole !== undefined || (/^\d+$/.test(value) && Number(value) <= 31536000),
      ],
      [
        'no problem quotes the value',
        value.length < 30 || !Object.values(problems).some((problem) => String(problem).includes(value)),
      ],
    );
  },
});

export const uris = target({
  name: 'target_uri',
  inputs: fc.oneof(
    fc.constantFrom(...corpusOf('target_uri')),
    fc
      .tuple(
        fc.constantFrom('https://api.example.com', 'http://api.example.com:8080', 'https://[::1]:8443'),
        near([
          '/',
          '/a/b',
          '/a/./b',
          '/a/../b',
          '/a%2Fb',
          '/%7Euser',
          '/a/%2e%2e/b',
          '/a?b=c',
          '/a#b',
          '/a//b',
          '',
        ]),
        near(['', ':443', ':80', '/x', '?y', '#z', '@evil.example.com']),
        anyOf('own', 'own', 'other'),
      )
      .map(([origin, uri, more, kind]) => ({
        origin,
        uri,
        htu: kind === 'own' ? origin + uri + more : origin.toUpperCase() + more + uri,
      })),
  ),
  accepts: ({ isTarget }) => isTarget,
  findFault({ htu, origin, uri }, verdict) {
    const { normalized, isTarget } = verdict;
    return firstFalse(
      [
        'a normalized URI has neither query nor user',
        normalized === undefined || !/[?#@]/.test(normalized.replace(/^(https?:\/\/[^/]*)\/.*/s, '$1')),
      ],
      ['a normalized URI has no dot segment', normalized === undefined || !/\/\.\.?(\/|$)/.test(normalized)],
      [
        'what is the target has the same authority for another reader',
        !isTarget || !/^([/?#]|$)/.test(uri) || sameAuthority(htu, origin),
      ],
      ['the request is its own target', !/^([/?]|$)/.test(uri) || verdict.isOwnTarget],
      [
        'what is not looked at further is well formed',
        !verdict.isUsual || verdict.isWellFormed || !(uri === '' || /^[/?#]/.test(uri)),
      ],
      [
        'what is well formed has neither control character nor space',
        !verdict.isWellFormed || !(hasControl(uri) || uri.includes(' ')),
      ],
      [
        'a path that is well formed has no dot segment',
        !verdict.isWellFormed || !verdict.hasDotSegment || !uri.startsWith('/'),
      ],
    );
  },
});

/** As a browser reads both; true for what it cannot read. */
function sameAuthority(a: string, b: string): boolean {
  return !URL.canParse(a) || !URL.canParse(b) || new URL(a).origin === new URL(b).origin;
}
