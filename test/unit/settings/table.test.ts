import test from 'ava';
import { Lines, PolicyDefault } from '../../../src/core/settings/lines.js';
import { readClientSettings } from '../../../src/core/settings/parse_client_settings.js';
import { readPolicy } from '../../../src/core/settings/parse_policy.js';
import { readRefusalSettings } from '../../../src/core/settings/parse_refusal.js';
import { readSenderSettings } from '../../../src/core/settings/parse_sender_settings.js';
import { readSettings } from '../../../src/core/settings/parse_settings.js';
import { readSignatureSettings } from '../../../src/core/settings/parse_signature_settings.js';
import type { SettingRow } from '../../../src/core/settings/setting_row.js';
import {
  CLIENT_SETTINGS,
  LOCATION_SETTINGS,
  SENDER_SETTINGS,
  SETTINGS,
  SIGNATURE_SETTINGS,
} from '../../../src/core/settings/table.js';
import { textsWith, type Values } from '../../support/joined_texts.js';
import { findProblem } from '../../support/setting_checks.js';

/** What the script gives for these values, read as where the gateway signs if one of them is on signatures, and the first mistake that it finds, by each of the parsers. */
function readAll(values: Values) {
  const isSigned = [...SIGNATURE_SETTINGS, ...SENDER_SETTINGS].some(
    ({ variable }) => values[variable] !== undefined,
  );
  const { request, rest } = textsWith({ ...(isSigned ? { phantom_token_mint: 'always' } : {}), ...values });
  const read = <T>(parse: (findings: { problem: string }) => T) => {
    const findings = { problem: '' };
    return { given: parse(findings) as Record<string, unknown>, problem: findings.problem };
  };
  return {
    settings: read((findings) => readSettings(findings, request, rest)),
    refusal: read((findings) => readRefusalSettings(findings, request, rest)),
    policy: read((findings) => readPolicy(findings, request.slice(1, 1 + Lines.policy))),
    signatures: read((findings) => readSignatureSettings(findings, valuesOnSignatures(request))),
    sender: read((findings) => readSenderSettings(findings, valuesOnSignatures(request))),
    client: read((findings) => readClientSettings(findings, request, rest)),
  };
}

function valuesOnSignatures(request: readonly string[]): string[] {
  const line = request[Lines.signatureLine] as string;
  return line === '' ? Array<string>(Lines.signatures).fill('') : line.split('\t');
}

/** The rows that a parser reads. */
const READ: Record<keyof ReturnType<typeof readAll>, readonly SettingRow[]> = {
  settings: LOCATION_SETTINGS.filter(({ field }) => field !== ''),
  policy: LOCATION_SETTINGS.filter(({ text }) => text === 'policy'),
  refusal: LOCATION_SETTINGS.filter(({ field }) =>
    ['requiredScopes', 'realm', 'scopes', 'negativeCacheTtlSec', 'resourceMetadata'].includes(field),
  ),
  signatures: SIGNATURE_SETTINGS,
  sender: SENDER_SETTINGS,
  client: CLIENT_SETTINGS,
};
/** Those of settings and of refusal call that of bound tokens. */
function isReadBy(parser: keyof typeof READ, row: SettingRow): boolean {
  const callsSender = parser === 'settings' || parser === 'refusal';
  return READ[parser].includes(row) || (callsSender && SENDER_SETTINGS.includes(row));
}

const PARSERS = Object.keys(READ) as (keyof typeof READ)[];

/** The value that the script has of a line. */
function valueIn({ value }: SettingRow, line: string): unknown {
  switch (value.is) {
    case 'whole':
      return Number(line);
    case 'scopes':
      return line.split(' ').filter((scope) => scope !== '');
    default:
      return line;
  }
}

/** Lines that a row may have, the default not among them. */
function goodValues({ value, variable }: SettingRow): string[] {
  switch (value.is) {
    case 'whole':
      return [String(value.least), String(value.most), `0${value.least + 1}`];
    case 'word':
      return [...value.words];
    case 'scopes':
      return ['read', ' read  write '];
    case 'checked':
      return variable === 'phantom_token' ? ['on', 'off'] : [GOOD[value.check] ?? 'a "text" é'];
  }
}

const GOOD: Record<string, string> = {
  checkEndpoint: 'https://as.example.com/introspect',
  checkFormFields: 'a=b&c=%20',
  checkRealm: 'My API, v2',
  checkFile: '/run/secrets/file',
  checkAccept: 'application/json, application/jwt;q=0.5',
  checkJwks: 'https://as.example.com/jwks',
  checkMintClaims: 'email https://example.com/claim',
  checkOrigin: 'https://api.example.com:8443',
  checkMetadataUrl: 'https://api.example.com/.well-known/oauth-protected-resource',
};

/** A line that no row may have, but those that only nginx reads. */
const BAD = 'hidden"\u0001';

const MUST_BE_SET = ['phantom_token', 'phantom_token_introspection_endpoint'];

for (const row of SETTINGS) {
  const { variable, value, field } = row;

  if (MUST_BE_SET.includes(variable)) {
    test(`SETTINGS: $${variable} must be set: its check refuses the empty default`, (t) => {
      t.is(value.defaultValue, '');
      t.regex(findProblem(row, '') ?? '', /^is not set/);
    });
  } else {
    test(`SETTINGS: the default of $${variable} passes its own check, or is that of no word`, (t) => {
      const isNoWord = value.is === 'word' && value.defaultValue === '';
      t.is(isNoWord ? undefined : findProblem(row, value.defaultValue), undefined);
    });
  }

  test(`SETTINGS: $${variable} is read, with one meaning, by every parser that gives its field`, (t) => {
    const readers = PARSERS.filter((parser) => READ[parser].includes(row));
    t.is(readers.length > 0, field !== '');
    for (const parser of readers) {
      for (const line of goodValues(row)) {
        t.is(findProblem(row, line), undefined, line);
        const { given, problem } = readAll({ [variable]: line })[parser];
        t.deepEqual(given[field], valueIn(row, line), `${parser} ${line}`);
        t.is(problem, '', `${parser} ${line}`);
      }
    }
  });

  if (field !== '') {
    test(`SETTINGS: a bad value of $${variable} is named by every parser that reads it, in the same words and without the value (S101, S108)`, (t) => {
      const expected = `$${variable} ${findProblem(row, BAD)}`;
      t.true(expected.includes(' must '), expected);
      t.false(expected.includes('hidden'), expected);
      const all = readAll({ [variable]: BAD });
      for (const parser of PARSERS) {
        t.is(all[parser].problem, isReadBy(parser, row) ? expected : '', parser);
      }
    });
  }
}

for (const parser of PARSERS) {
  test(`SETTINGS: of empty lines the parser of ${parser} makes the defaults of the table, of every row and of nothing else`, (t) => {
    const defaults = READ[parser].map((row) => [row.field, valueIn(row, row.value.defaultValue)]);
    const { kind, sender, ...given } = readAll({ phantom_token_introspection_endpoint: '' })[parser].given;
    t.deepEqual(given, Object.fromEntries(defaults));
    t.is(sender, undefined);
    t.is(typeof kind, parser === 'policy' || parser === 'refusal' ? 'undefined' : 'string');
  });
}

test('SETTINGS: the parsers of policy, refusal and settings agree: a hit, a refusal and a miss of one location go by the same values (S57)', (t) => {
  for (const pick of [0, 1, 2]) {
    const values = Object.fromEntries(
      LOCATION_SETTINGS.filter(({ field }) => field !== '').map((row) => {
        const lines = goodValues(row);
        return [row.variable, lines[pick % lines.length] ?? ''];
      }),
    );
    const { settings, policy, refusal } = readAll(values);
    t.deepEqual([settings.problem, policy.problem, refusal.problem], ['', '', '']);
    t.like(settings.given, policy.given);
    t.like(settings.given, { ...refusal.given, sender: undefined });
  }
});

test('SETTINGS: no variable stands twice, and all share the prefix', (t) => {
  const variables = SETTINGS.map(({ variable }) => variable);
  t.is(new Set(variables).size, variables.length);
  t.deepEqual(
    variables.filter((variable) => !/^phantom_token(_[a-z]+)*$/.test(variable)),
    [],
  );
});

test('SETTINGS: no field of a parser stands twice: one variable would have no effect', (t) => {
  for (const rows of [LOCATION_SETTINGS, SIGNATURE_SETTINGS, SENDER_SETTINGS, CLIENT_SETTINGS]) {
    const fields = rows.map(({ field }) => field).filter((field) => field !== '');
    t.is(new Set(fields).size, fields.length);
  }
});

test('SETTINGS: those of the location come first, then those on signatures, on bound tokens and those of the client, which share a prefix of their own', (t) => {
  t.deepEqual(SETTINGS, [
    ...LOCATION_SETTINGS,
    ...SIGNATURE_SETTINGS,
    ...SENDER_SETTINGS,
    ...CLIENT_SETTINGS,
  ]);
  const isOfClient = ({ variable }: SettingRow) => /^phantom_token_client(_[a-z]+)+$/.test(variable);
  t.deepEqual(SETTINGS.filter(isOfClient), CLIENT_SETTINGS);
});

test('PolicyDefault: has the defaults of the settings, for records that are judged before a location is asked (S48, S62)', (t) => {
  const { given } = readAll({}).settings;
  t.like(given, { clockSkewSec: PolicyDefault.clockSkewSec, cacheTtlSec: PolicyDefault.cacheTtlSec });
  t.is<number, number>(PolicyDefault.clockSkewSec, 60);
  t.is<number, number>(PolicyDefault.cacheTtlSec, 300);
});
