// Which njs runs the script.
import { findUnsafeNjs, type Mode } from '../core/settings/njs_version.js';

/** Why this njs does not serve; undefined when it does. @param isUrl whether the endpoint is fetched by njs */
export function findUnsafeNjsHere(mode: Mode, isUrl: boolean): string | undefined {
  return findUnsafeNjs(njs.version_number, njs.engine, mode, isUrl);
}
