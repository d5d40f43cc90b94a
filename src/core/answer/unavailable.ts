// Makes the outcomes of a gateway that cannot decide.
import { allowsStale } from './failure_kind.js';
import type { Unavailable } from './outcome.js';
import type { UnavailableReason } from './reasons.js';

/** Ours to correct. @param problem names the variable or the file, and what to do */
export function misconfigured(problem: string): Unavailable {
  return unavailable({ reason: 'misconfigured', detail: problem, retryAfter: '', cacheStatus: '' });
}

/** A bug of the script. @param kind of the exception; its text may quote a token */
export function bug(kind: string): Unavailable {
  return unavailable({
    reason: 'internal_error',
    detail: `exception=${kind}`,
    retryAfter: '',
    cacheStatus: '',
  });
}

/** The authorization server was asked, or should have been, and there is no answer that counts. */
export function notAnswered(reason: UnavailableReason, detail: string): Unavailable {
  return unavailable({ reason, detail, retryAfter: '', cacheStatus: 'MISS' });
}

/** As {@link notAnswered}, and it makes sense to come again. @param retryAfter what was asked for; '' for nothing */
export function notAnsweredYet(reason: UnavailableReason, detail: string, retryAfter: string): Unavailable {
  return unavailable({ reason, detail, retryAfter, cacheStatus: 'MISS' });
}

/** The introspection that this request waited for has failed. @param isOutage as that request says */
export function failedWithLeader(
  reason: UnavailableReason,
  retryAfter: string,
  isOutage: boolean,
): Unavailable {
  return {
    kind: 'unavailable',
    reason,
    detail: 'as for the request waited for',
    retryAfter,
    cacheStatus: 'JOINED',
    isOutage,
  };
}

/**
 * This request's time to wait for another one's introspection is up. No outage: clients that reset the HTTP/2 streams of
 * those who ask bring it about, too.
 */
export function waitedInVain(): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'introspection_timeout',
    detail: "waited for another request's introspection",
    retryAfter: '',
    cacheStatus: 'JOINED',
    isOutage: false,
  };
}

/** The server has answered, but so late that the answer counts no more. No outage: it may have said that the token is inactive. */
export function answeredTooLate(): Unavailable {
  return {
    kind: 'unavailable',
    reason: 'introspection_timeout',
    detail: 'the answer came too late to count',
    retryAfter: '',
    cacheStatus: 'MISS',
    isOutage: false,
  };
}

/** The same failure with more to say about it. */
export function withDetail(failure: Unavailable, detail: string): Unavailable {
  return {
    kind: 'unavailable',
    reason: failure.reason,
    detail: `${failure.detail} ${detail}`,
    retryAfter: failure.retryAfter,
    cacheStatus: failure.cacheStatus,
    isOutage: failure.isOutage,
  };
}

function unavailable(
  failure: Pick<Unavailable, 'reason' | 'detail' | 'retryAfter' | 'cacheStatus'>,
): Unavailable {
  return {
    kind: 'unavailable',
    reason: failure.reason,
    detail: failure.detail,
    retryAfter: failure.retryAfter,
    cacheStatus: failure.cacheStatus,
    isOutage: allowsStale(failure.reason),
  };
}
