// The lines at http level: http.conf, the zones, and which njs they suit.
import { findUnsafeNjs, isEvictUnsafe } from '../../../src/core/settings/njs_version.js';
import type { Directive } from '../../nginx_conf/directive.js';
import { type Finding, found } from '../finding.js';
import { type Configuration, named } from '../layout.js';
import type { ProtectedLocation } from '../protection.js';
import { assignmentsOf, possibleValues } from '../settings_in_force.js';

const ZONES = ['phantom_token', 'phantom_token_denied', 'phantom_token_locks', 'phantom_token_state'];
const PROOFS = 'phantom_token_proofs';
const NEVER_EVICTED = ['phantom_token_locks', 'phantom_token_state', PROOFS];

/** @param first  a line of a protected location, to point at when something is absent */
export function checkHttpConf({ own, isWhole }: Configuration, first: Directive): Finding[] {
  const imports = named(own, 'js_import').filter(({ args }) => args[0] === 'phantom_token');
  const [, ...others] = imports;
  if (imports.length === 0 && isWhole)
    return [found('http_conf_missing', first, 'http.conf is not included')];
  return others.map((at) => found('http_conf_twice', at, 'http.conf is included twice'));
}

/** @param takesDpop  whether some location notes proofs as used */
export function checkZones({ own, isWhole }: Configuration, first: Directive, takesDpop: boolean): Finding[] {
  const zones = zonesIn(own);
  const needed = takesDpop ? [...ZONES, PROOFS] : ZONES;
  const absent = needed.filter((name) => !zones.some((zone) => zone.name === name));
  const twice = zones.find(({ name }, i) => zones.findIndex((zone) => zone.name === name) < i);
  return [
    ...(isWhole && absent.length > 0 ? [found('zones_missing', first, `No zone ${absent.join(', ')}`)] : []),
    ...(twice === undefined
      ? []
      : [found('zones_twice', twice.at, `The zone ${twice.name} is declared twice`)]),
    ...zones
      .filter(({ name, at }) => NEVER_EVICTED.includes(name) && at.args.includes('evict'))
      .map(({ name, at }) => found('zone_evicts', at, `The zone ${name} evicts`)),
    ...zones
      .filter(({ at }) => at.args.some((word) => word.startsWith('state=')))
      .map(({ name, at }) => found('zone_on_disk', at, `The zone ${name} has a file`)),
  ];
}

function zonesIn(own: Configuration['own']): { name: string; at: Directive }[] {
  return named(own, 'js_shared_dict_zone').flatMap((at) => {
    const name = at.args.map((word) => /^zone=([^:]+)/.exec(word)?.[1]).find((found) => found) ?? '';
    return name.startsWith('phantom_token') ? [{ name, at }] : [];
  });
}

/** @param version  as njs has it, 0x010002 for 1.0.2 */
export function checkNjs(
  { own }: Configuration,
  locations: readonly ProtectedLocation[],
  version: number,
): Finding[] {
  const evicting = isEvictUnsafe(version)
    ? zonesIn(own).find(({ at }) => at.args.includes('evict'))
    : undefined;
  return [
    ...(evicting === undefined
      ? []
      : [found('zones_evict_unsafe', evicting.at, `The zone ${evicting.name} evicts`)]),
    ...locations.flatMap((location) => {
      const problem = refuses(version) ?? findUnsafeNjs(version, undefined, location.mode, isUrl(location));
      return problem === undefined ? [] : [found('njs_unsafe', location.line, problem)];
    }),
  ];
}

/** Versions with which nginx does not start: docs/auth_request.md. */
function refuses(version: number): string | undefined {
  if (version < 0x000806) return 'njs below 0.8.6 has no `nocache` for js_set';
  return version === 0x000907 ? 'njs 0.9.7 has no module "crypto"' : undefined;
}

function isUrl(location: ProtectedLocation): boolean {
  const values = assignmentsOf(location, 'phantom_token_introspection_endpoint').flatMap((assignment) =>
    possibleValues(assignment, location.server.configuration),
  );
  return values.length > 0 && values.every(({ value }) => value?.startsWith('http'));
}
