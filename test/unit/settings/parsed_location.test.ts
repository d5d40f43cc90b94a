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
