// What a request is answered with, once it is known what is to be said of its token.
import type { BoundGrant, Finding, Grant, Outcome } from '../core/answer/outcome.js';
import type { Mode } from '../core/settings/njs_version.js';
import type { Settings } from '../core/settings/settings.js';
import { grantTo } from '../edge/answer_grant.js';
import { fail, failOnBug } from '../edge/fail.js';
import { answerPreflight } from '../edge/preflight.js';
import { deny } from '../edge/refuse.js';
import { variablesOf } from '../edge/request_text.js';
import { handOut } from './hand_out.js';
import type { Presented } from './handover.js';
import { proveSender } from './prove_sender.js';

export function respondTo(
  r: NginxHTTPRequest,
  mode: Mode,
  finding: Finding,
  presented: Presented,
  settings: Settings,
): Promise<void> | undefined {
  if (mode === 'introspection') {
    respond(r, mode, handOut(r, finding, settings), settings);
    return undefined;
  }
  // Where bound tokens are taken, the way in which any token is presented has to fit.
  if (finding.kind === 'bound' || (finding.kind === 'grant' && settings.sender !== undefined)) {
    return proveAndRespond(r, mode, finding, presented, settings);
  }
  respond(r, mode, finding, settings);
  return undefined;
}

async function proveAndRespond(
  r: NginxHTTPRequest,
  mode: Mode,
  known: Grant | BoundGrant,
  presented: Presented,
  settings: Settings,
): Promise<void> {
  try {
    const outcome = await proveSender(r, known, presented, settings);
    respond(r, mode, outcome, settings);
  } catch (e) {
    failOnBug(r, mode, e);
  }
}

function respond(r: NginxHTTPRequest, mode: Mode, outcome: Outcome, settings: Settings): void {
  switch (outcome.kind) {
    case 'grant':
      grantTo(r, variablesOf(r), mode, outcome.authorization, outcome.cacheStatus, outcome.record);
      break;
    case 'denial':
      deny(r, mode, outcome, settings);
      break;
    case 'unavailable':
      fail(r, mode, outcome, settings.introspectionEndpoint);
      break;
    case 'preflight':
      answerPreflight(r, mode);
      break;
  }
}
