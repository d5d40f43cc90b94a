import test from 'ava';
import type { RestText } from '../../../src/core/settings/location_texts.js';
import { parseLocation } from '../../../src/core/settings/parsed_location.js';
import type { RequestText } from '../../../src/core/settings/request_text.js';
import { requestWith, restWith, type Values } from '../../support/joined_texts.js';

function parse(values: Values) {
  const credential = values._phantom_credential ?? 'Bearer abc';
  return parseLocation(requestWith(values), restWith(values), credential);
}

function realmOf(values: Values): string | undefined {
  const settings = parse(values)?.settings;
  return settings?.kind === 'settings' ? settings.realm : undefined;
}

test('parseLocation: what was kept of one location is not taken for another, whichever text differs', (t) => {
  const values: Values[] = [
    {},
    { phantom_token_realm: 'a' },
    { phantom_token_realm: 'b' },
    { phantom_token_realm: 'b', phantom_token_introspection_endpoint: '/other' },
    { phantom_token_realm: 'b', phantom_token: 'wrong' },
    {},
  ];
  t.deepEqual(values.map(realmOf), ['api', 'a', 'b', 'b', undefined, 'api']);
});

test('parseLocation: another token is no other location, and none is kept', (t) => {
  parse({});
  const first = parse({ _phantom_credential: 'Bearer first' });
  const second = parse({ _phantom_credential: 'Bearer second' });
  t.not(first, undefined);
  t.is(second, first);
  t.false(JSON.stringify(first).includes('first'));
});

test('parseLocation: a line break moves no value into another text: nothing is read, though both texts in a row are those of a good location', (t) => {
  const request = requestWith({ _phantom_credential: 'x' });
  const rest = restWith({ phantom_token_realm: 'a' });
  t.not(parseLocation(request, rest, 'x'), undefined);
  const first = `${request.slice(0, -1)}a\nx` as RequestText;
  t.is(parseLocation(first, rest.slice('a\n'.length) as RestText, 'x'), undefined);
});

const KEYS: Values = {
  phantom_token_jwks: '/jwks',
  phantom_token_issuer: 'https://as',
  phantom_token_client_id: 'gateway',
};
const RESPONSES = 'application/token-introspection+jwt';

test('parseLocation: a location that says nothing of signatures has no such settings', (t) => {
  t.like(parse({}), { settings: { kind: 'settings' }, signatures: undefined });
});

test('parseLocation: one that names keys has them, and its other settings with them', (t) => {
  t.like(parse(KEYS), { settings: { kind: 'settings' }, signatures: { jwks: '/jwks' } });
});

test('parseLocation: one that asks for signed answers needs keys that verify them, though it names none (RFC 9701 §5)', (t) => {
  t.like(parse({ ...KEYS, phantom_token_introspection_accept: RESPONSES }), {
    settings: { kind: 'settings' },
    signatures: { jwks: '/jwks' },
  });
  t.like(parse({ phantom_token_introspection_accept: RESPONSES }), {
    settings: { kind: 'misconfiguration' },
    signatures: undefined,
  });
});

test('parseLocation: a mistake in either kind of settings makes it a misconfiguration without settings on signatures', (t) => {
  for (const mistake of [{ phantom_token_clock_skew: 'x' }, { phantom_token_jwks: 'nowhere' }]) {
    t.like(parse({ ...KEYS, ...mistake }), {
      settings: { kind: 'misconfiguration' },
      signatures: undefined,
    });
  }
});
