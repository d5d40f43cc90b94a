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

/** The lines that nginx joins for a variable, those on signatures among them. */
export function joinedLinesOf(target: string): string[] {
  const signatures = joinedBy(SIGNATURE_SOURCE, '_phantom_signatures');
  return joinedBy('""', target).replace('$_phantom_signatures', signatures).split('\\n');
}

/** Where one of these is set, a location says something of signatures. */
const SIGNATURE_SOURCE = '"$phantom_token_jwks$phantom_token_accept_jwt$phantom_token_mint"';

/** The `default` of a map, as nginx.conf spells it. */
function joinedBy(source: string, target: string): string {
  const body = mapBodyOf(HTTP_CONF, source, target);
  return /^\s*default "([^"]*)";$/m.exec(body)?.[1] ?? '';
}

function joinerOf(target: string): (values: Values) => string {
  const valueIn = (values: Values, variable: string) => values[variable] ?? PROTECTED[variable] ?? '';
  const fill = (text: string, values: Values) =>
    text.replaceAll('\\n', '\n').replace(/\$(\w+)/g, (_all, variable: string) => valueIn(values, variable));
  const signatures = joinedBy(SIGNATURE_SOURCE, '_phantom_signatures');
  return (values) => {
    const isSigned = fill(SIGNATURE_SOURCE, values) !== '""';
    const lines = isSigned ? signatures : signatures.replace(/\$\w+/g, '');
    return fill(joinedBy('""', target).replace('$_phantom_signatures', lines), values);
  };
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
