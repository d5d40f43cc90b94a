// Names of variables: a misspelt setting, a variable that is not the user's, a map that has no effect.
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import { type Configuration, type Directives, named } from '../layout.js';
import { assignmentsIn, mapsIn, SETTING_NAMES, variableName } from '../settings_in_force.js';

/** Variables of http.conf that are no settings. */
const RESULTS = [
  'phantom_token_authorization',
  'phantom_token_reason',
  'phantom_token_introspection_time',
  'phantom_token_hash',
  'phantom_token_cache_status',
  'phantom_token_subject',
  'phantom_token_client',
  'phantom_jwt',
];
/** What zones.conf and introspection_limits.conf set, which are the user's to edit. */
const USERS_FILES = ['phantom_zones', 'phantom_introspection_limit'];

export function checkNames(configuration: Configuration): Finding[] {
  return targetsOf(configuration).flatMap(({ variable, at }) => {
    if (at.shippedBy !== undefined || SETTING_NAMES.includes(variable) || USERS_FILES.includes(variable))
      return [];
    if (variable.startsWith('_phantom') || RESULTS.includes(variable)) {
      // The lines of a snippet that was copied under another name.
      return isSnippetLine(at) ? [] : [found('private_variable', at, `$${variable} is not yours to set`)];
    }
    const meant = meantBy(variable);
    if (meant === undefined && !variable.startsWith('phantom_token')) return [];
    const instead = meant === undefined ? undefined : `Did you mean $${meant}?`;
    return [found('unknown_setting', at, `$${variable} is no setting`, instead)];
  });
}

interface Target {
  readonly variable: string;
  readonly at: Directive;
}

/** Everything that gives a variable a value. */
function targetsOf(configuration: Configuration): Target[] {
  const levels = [
    configuration.own,
    ...configuration.servers.flatMap(({ own, allLocations }) => [
      own,
      ...allLocations.map((location) => location.own),
    ]),
  ];
  return [...levels.flatMap(assignedIn), ...levels.flatMap(declaredIn)];
}

function assignedIn(level: Directives): Target[] {
  return assignmentsIn(level).map(({ variable, at }) => ({ variable, at }));
}

/** geo, map and split_clients name the target last, the others first. */
function declaredIn(level: Directives): Target[] {
  const last = named(level, 'map', 'geo', 'split_clients').map((at) => ({ at, word: at.args.at(-1) }));
  const first = named(level, 'js_var', 'js_set', 'auth_request_set').map((at) => ({ at, word: at.args[0] }));
  return [...last, ...first].map(({ at, word = '' }) => ({ at, variable: variableName(word) }));
}

/** What the snippets write into these variables; nobody writes that by mistake. */
function isSnippetLine({ name, args }: Directive): boolean {
  if (name !== 'set') return name !== 'auth_request_set';
  const [target = '', value = ''] = args;
  return SNIPPET_VALUES[variableName(target)]?.includes(value) ?? false;
}

const SNIPPET_VALUES: Record<string, string[]> = {
  _phantom_before: ['$phantom_token_cache_status'],
  _phantom_state: ['here'],
  _phantom_kept_request: ['$_phantom_request', 'forward_auth', 'introspection'],
  _phantom_kept_rest: ['$_phantom_rest'],
  _phantom_introspection: ['answered', 'keys_answered'],
  _phantom_server: ['included'],
};

/** More than this, and it is another word. */
const MOST_EDITS = 2;

/** The setting that somebody meant who wrote this name. */
function meantBy(variable: string): string | undefined {
  const plain = variable.replaceAll('_', '');
  const ranked = SETTING_NAMES.map((setting) => ({
    setting,
    edits: edits(plain, setting.replaceAll('_', '')),
  }));
  const [closest] = ranked.sort((a, b) => a.edits - b.edits);
  if (closest !== undefined && closest.edits <= MOST_EDITS) return closest.setting;
  // `$phantom_audience`: without the middle of the name.
  const short = SETTING_NAMES.find((setting) => setting.replace('phantom_token_', 'phantom_') === variable);
  if (short !== undefined) return short;
  return SETTING_NAMES.find((setting) => variable.startsWith(setting) && setting !== 'phantom_token');
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MOST_EDITS) return MOST_EDITS + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** A map whose target is a setting counts only below http.conf, which declares the setting. */
export function checkMapOrder({ own }: Configuration): Finding[] {
  const declared = own.findLastIndex(({ name, args }) => name === 'js_var' && args[0] === '$phantom_token');
  const maps = mapsIn({ own: own.slice(0, Math.max(declared, 0)), isWhole: false, servers: [] });
  return maps
    .filter(({ args }) => SETTING_NAMES.includes(variableName(args[1] ?? '')))
    .map((map) => found('map_above_http_conf', map, `The map for ${map.args[1]} is above http.conf`));
}
