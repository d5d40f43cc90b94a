// The second stage: a token that no record grants at once. A token that the cache remembers as rejected is refused here.
// Anybody can send such tokens, so nothing is read that the refusal does not need. Everything else goes on to undecided.ts.
import { denied } from '../core/answer/outcome.js';
import { reasonOf } from '../core/cache/denial_record.js';
import { takeApart } from '../core/settings/location_texts.js';
import type { Mode } from '../core/settings/njs_version.js';
import { readRefusalSettings } from '../core/settings/parse_refusal.js';
import { readClockSec } from '../edge/clock.js';
import { readDenial } from '../edge/known_tokens.js';
import { deny } from '../edge/refuse.js';
import { readRest } from '../edge/request.js';
import type { FirstLook } from './handover.js';
import { handleUndecided } from './undecided.js';

/** The token's grammar is not checked here: under its key is only what was stored for a token that passed the check. */
export function handleNotGranted(
  r: NginxHTTPRequest,
  mode: Mode,
  first: FirstLook,
): Promise<void> | undefined {
  const denialRecord = first.record === undefined ? readDenial(first.key) : undefined;
  if (denialRecord !== undefined && refuseRejected(r, mode, first, denialRecord)) {
    return undefined;
  }
  return handleUndecided(r, mode, first, first.record === undefined && denialRecord === undefined);
}

/** @returns false when the rejection is too old for this location, or a setting is invalid, which miss.ts reports */
function refuseRejected(r: NginxHTTPRequest, mode: Mode, first: FirstLook, denialRecord: string): boolean {
  const texts = takeApart(first.request, readRest(r, mode));
  if (texts === undefined) {
    return false;
  }
  const findings = { problem: '' };
  const settings = readRefusalSettings(findings, texts.request, texts.rest);
  const reason = reasonOf(denialRecord, settings.negativeCacheTtlSec, readClockSec());
  if (findings.problem !== '' || reason === undefined) {
    return false;
  }
  deny(r, mode, denied(reason, 'NEGATIVE'), settings);
  return true;
}
