// What the directives of Curity's C module mean: which are in force at a location, and what they say together.
import type { Location, Server } from '../check/layout.js';
import type { Directive } from '../nginx_conf/directive.js';

const SWITCH = 'phantom_token';
const ENDPOINT = 'phantom_token_introspection_endpoint';
const REALM = 'phantom_token_realm';
const SCOPES = 'phantom_token_scopes';
/** May stand several times at a level. */
const SCOPE = 'phantom_token_scope';
/** Of version 1 of the module: the id and the secret. */
const CREDENTIAL = 'phantom_token_client_credential';

const NAMES = [SWITCH, ENDPOINT, REALM, SCOPES, SCOPE, CREDENTIAL];

/** Names of modules as they are released: `debian.bookworm.ngx_curity_http_phantom_token_module_1.27.4.so`. */
const MODULE_FILE = /phantom_token_module[\w.-]*\.so$/;

export function isOfModule({ name, block }: Directive): boolean {
  return block === undefined && NAMES.includes(name);
}

export function isSwitch({ name }: Directive): boolean {
  return name === SWITCH;
}

export function loadsModule({ name, args }: Directive): boolean {
  return name === 'load_module' && MODULE_FILE.test(args[0] ?? '');
}

/** What is in force at a level. Undefined: no line says it. */
export interface InForce {
  readonly isOn: boolean | undefined;
  readonly endpoint: string | undefined;
  readonly realm: string | undefined;
  readonly scopes: string | undefined;
  readonly credential: readonly [id: string, secret: string] | undefined;
}

/** Inherited one by one. The module's own order: scopes from outside win over a `phantom_token_scope` of the level. */
export function inForceAt(location: Location): InForce {
  const { outer, server } = location;
  return merge(location.own, outer === undefined ? inForceIn(server) : inForceAt(outer));
}

/** For paths that no location takes, and for locations that say nothing. */
export function inForceIn({ own, configuration }: Server): InForce {
  return merge(own, merge(configuration.own, NONE));
}

const NONE: InForce = {
  isOn: undefined,
  endpoint: undefined,
  realm: undefined,
  scopes: undefined,
  credential: undefined,
};

function merge(own: readonly Directive[], outside: InForce): InForce {
  const lines = own.filter(isOfModule);
  const wordOf = (name: string) => lines.find((line) => line.name === name)?.args[0];
  const list = lines.filter(({ name }) => name === SCOPE).map(({ args }) => args[0] ?? '');
  const said = wordOf(SCOPES) ?? outside.scopes;
  const word = wordOf(SWITCH)?.toLowerCase();
  const [id = '', secret = ''] = lines.find(({ name }) => name === CREDENTIAL)?.args ?? [];
  return {
    isOn: word === undefined ? outside.isOn : word === 'on',
    endpoint: wordOf(ENDPOINT) ?? outside.endpoint,
    realm: wordOf(REALM) ?? outside.realm,
    scopes: list.length > 0 ? said || list.join(' ') : said,
    credential: id === '' ? outside.credential : [id, secret],
  };
}

export type Setting = 'switch' | 'endpoint' | 'realm' | 'scopes' | 'credential';

/** Which of the values a line says, by its name. */
export function settingOf({ name }: Directive): Setting {
  switch (name) {
    case SWITCH:
      return 'switch';
    case ENDPOINT:
      return 'endpoint';
    case REALM:
      return 'realm';
    case CREDENTIAL:
      return 'credential';
    default:
      return 'scopes';
  }
}

/** Why the script or nginx would not take the line's value as the module does, without a full stop; undefined if it does. */
export function problemOf(line: Directive): string | undefined {
  const [value = ''] = line.args;
  if (isSwitch(line)) {
    return /^(on|off)$/i.test(value) ? undefined : 'the module takes only on and off';
  }
  if (line.args.some((word) => word.includes('$'))) {
    return `for the module \`$\` in "${value}" is a character, in a \`set\` line it begins a variable. Write the value without it`;
  }
  if (line.name === REALM && value === '') {
    return 'an empty realm leaves it out of the challenge, which the gateway cannot do: its realm is api. Remove the line, or name a realm';
  }
  if (line.name === ENDPOINT && !/^[\w./-]+$/.test(value)) {
    return 'an endpoint is the name of a location of the same server. Name it with letters, digits, /, - and _';
  }
  return undefined;
}
