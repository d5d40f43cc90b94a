// The texts that nginx joins of a location's settings, made as nginx/http.conf says.
import { readFileSync } from 'node:fs';
import { type LocationTexts, type RestText, takeApart } from '../../src/core/settings/location_texts.js';
import type { RequestText } from '../../src/core/settings/request_text.js';

export const HTTP_CONF = readFileSync(new URL('../../nginx/http.conf', import.meta.url), 'utf8');

/** By variable, without `$`. One that is left out is empty. */
export type Values = Readonly<Record<string, string>>;

/** A protected location that sets only what it must, and a request with a token. */
const PROTECTED: Values = {
  _phantom_state: 'here',
  phantom_token: 'on',
  _phantom_part: '443 api.example.com',
  phantom_token_introspection_endpoint: '/introspect',
  _phantom_credential: 'Bearer abc',
};

/** The body of `map <source> $target { ... }`, without comments; '' when there is none. */
export function mapBodyOf(conf: string, source: string, target: string): string {
  const withoutComments = conf.replace(/^([^"#]*)#.*$/gm, '$1');
  const head = `\nmap ${source} $${target} {`;
  const start = `\n${withoutComments}`.indexOf(head);
  return start === -1 ? '' : (withoutComments.slice(start + head.length - 1).split('}')[0] as string);
}

/** Where one of these is set, a location says something of signatures. */
const SIGNATURE_VARIABLES = [
  'phantom_token_jwks',
  'phantom_token_accept_jwt',
  'phantom_token_mint',
  'phantom_token_sender_constraint',
];
const SIGNATURE_SOURCE = `"${SIGNATURE_VARIABLES.map((variable) => `$${variable}`).join('')}"`;
const SIGNATURES = joinedBy(SIGNATURE_SOURCE, '_phantom_signatures');

/** The line on signatures, where the location says something of them. */
export const SIGNATURE_LINE = SIGNATURES.replaceAll('\\t', '\t');

/** The lines that nginx joins for a variable. */
export function joinedLinesOf(target: string): string[] {
  return joinedBy('""', target).split('\\n');
}

/** The `default` of a map, as nginx.conf spells it. */
function joinedBy(source: string, target: string): string {
  const body = mapBodyOf(HTTP_CONF, source, target);
  return /^\s*default "([^"]*)";$/m.exec(body)?.[1] ?? '';
}

function joinerOf(target: string): (values: Values) => string {
  const joined = joinedBy('""', target);
  const signed = partsOf(joined.replace('$_phantom_signatures', SIGNATURES));
  const unsigned = partsOf(joined.replace('$_phantom_signatures', ''));
  return (values) => {
    const parts = SIGNATURE_VARIABLES.some((variable) => (values[variable] ?? '') !== '') ? signed : unsigned;
    return parts.map((part, i) => (i % 2 === 0 ? part : (values[part] ?? PROTECTED[part] ?? ''))).join('');
  };
}

/** Texts and names of variables in turn. */
function partsOf(joined: string): string[] {
  return joined
    .replaceAll('\\n', '\n')
    .replaceAll('\\t', '\t')
    .split(/\$(\w+)/);
}

/** `$_phantom_request`. */
export const requestWith = joinerOf('_phantom_request') as (values: Values) => RequestText;

/** `$_phantom_policy`, as nginx has it on its own. */
export const policyWith = joinerOf('_phantom_policy');

/** `$_phantom_rest`. */
export const restWith = joinerOf('_phantom_rest') as (values: Values) => RestText;

/** Both texts, taken apart. @throws when a value holds a line break */
export function textsWith(values: Values): LocationTexts {
  const texts = takeApart(requestWith(values), restWith(values));
  if (texts === undefined) throw new Error('a value holds a line break');
  return texts;
}
