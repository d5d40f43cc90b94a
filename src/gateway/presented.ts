// In place of a question: a JWT that the client presents is verified here, with the authorization server's keys.
import { denied, type Finding } from '../core/answer/outcome.js';
import { answeredTooLate } from '../core/answer/unavailable.js';
import { markTtlSecOf, maxIntrospectionSec } from '../core/cache/purge_mark.js';
import type { Settings } from '../core/settings/settings.js';
import type { SignatureSettings } from '../core/settings/signature_settings.js';
import { isJwsShaped } from '../core/token/jws_token.js';
import { isCanonicallySigned, parseJwt } from '../core/token/jwt.js';
import { judgePresented } from '../core/token/presented_jwt.js';
import { readClockMs, readClockSec } from '../edge/clock.js';
import { noteReach } from '../edge/keyspaces.js';
import type { Question } from './handover.js';
import { mintWhere } from './mint.js';
import { rememberActive, rememberDenial } from './remember.js';
import { verifyJwt } from './verify.js';

/** Whether this token is one that the location takes without introspection. */
export function isJwtAccepted(token: string, signatures: SignatureSettings): boolean {
  return signatures.acceptJwt === 'on' && isJwsShaped(token);
}

/** @param question for which {@link isJwtAccepted} */
export async function decidePresented(
  r: NginxHTTPRequest,
  question: Question,
  settings: Settings,
): Promise<Finding> {
  const signatures = question.signatures as SignatureSettings;
  const sinceMs = readClockMs();
  const nowSec = readClockSec();
  const jwt = question.token.length > settings.maxJwtLength ? undefined : parseJwt(question.token);
  if (jwt === undefined || !isCanonicallySigned(jwt)) {
    return rememberDenial(question.key, denied('token_signature_invalid', 'MISS'), settings, nowSec).outcome;
  }
  noteReach(question.reach, markTtlSecOf(settings));
  const verified = await verifyJwt(r, jwt, question, signatures.jwks, settings);
  switch (verified.kind) {
    case 'unavailable':
      return verified;
    case 'key_unknown':
      return denied('token_key_unknown', 'MISS');
    case 'signature_invalid':
      return rememberDenial(question.key, denied('token_signature_invalid', 'MISS'), settings, nowSec)
        .outcome;
    case 'verified': {
      const judged = judgePresented(jwt, nowSec, settings.sender);
      const active =
        judged.kind === 'active' ? await mintWhere(judged, signatures, settings, nowSec) : judged;
      if (readClockMs() - sinceMs > 1000 * maxIntrospectionSec(settings)) {
        return answeredTooLate(); // the mark of a purge that was made meanwhile may have ended
      }
      switch (active.kind) {
        case 'active':
          return rememberActive(r, question, active, NO_LIMITS, settings, nowSec).outcome;
        case 'denial':
          return rememberDenial(question.key, active, settings, nowSec).outcome;
        case 'unavailable':
          return active;
      }
    }
  }
}

/** No server's answer bounds the record's life. */
const NO_LIMITS = { cacheControl: '', age: '' };
