// Which zones the configuration declares, and whether this njs can use them.
import { isEvictUnsafe } from '../core/settings/njs_version.js';

/** QuickJS keeps it for later requests: nginx declares zones when it starts. */
let areDeclared: boolean | undefined;

/** What is wrong with zones.conf, or undefined. */
export function findZoneProblem(r: NginxHTTPRequest): string | undefined {
  if (isEvictUnsafe(njs.version_number) && r.variables.phantom_zones !== 'without_evict') {
    return EVICTS;
  }
  if (areDeclared) {
    return undefined;
  }
  const missing = findMissingZones();
  areDeclared = missing === '';
  return areDeclared
    ? undefined
    : `the js_shared_dict_zone ${missing} is not declared: include zones.conf at http level, or add its line to your own zones.conf`;
}

const EVICTS =
  'below njs 0.9.7 a zone with evict crashes workers: include zones_njs_0.8.conf in place of zones.conf; a zones file of your own needs the js_var line of that file, and no evict';

/** @returns their names; '' when all are there */
function findMissingZones(): string {
  const zones = ngx.shared;
  return zones.phantom_token !== undefined &&
    zones.phantom_token_denied !== undefined &&
    zones.phantom_token_locks !== undefined &&
    zones.phantom_token_state !== undefined
    ? ''
    : listZones()
        .filter((zone) => zones[zone] === undefined)
        .join(', ');
}

/** Every zone that the gateway cannot do without. */
export function listZones(): string[] {
  return ['phantom_token', 'phantom_token_denied', 'phantom_token_locks', 'phantom_token_state'];
}
