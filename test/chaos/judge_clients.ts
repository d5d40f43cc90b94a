// What must hold of what clients get.
import { areKeysTroubled, type CaseFile, find, historyOf, isTroubled } from './case_file.js';
import type { Answered, Sent, Unanswered } from './events.js';

const STATUSES = [200, 401, 502, 503, 504];
/** A proof fits while the gateway's clock is right to a minute; this is less than that. */
const PROOF_CLOCK_MS = 50_000;

export function judgeAnswered(file: CaseFile, event: Answered): void {
  const { counts } = file;
  const { request, status, atMs } = event;
  const sent = file.requests.get(request);
  if (sent === undefined) return;
  const tookMs = atMs - sent.atMs;
  sent.end = `${status} after ${tookMs}`;
  counts.statuses[status] = (counts.statuses[status] ?? 0) + 1;
  if (status === 401) counts.refused += 1;
  if (status >= 500) counts.failed += 1;
  if (!STATUSES.includes(status)) {
    find(file, 'unexpected_status', atMs, sent.way, `request ${request} got ${status}`);
  }
  if (status === 200 && (event.names !== request || sent.reachedMs === 0)) {
    find(file, 'wrong_answer', atMs, sent.way, `request ${request} got the answer to ${event.names}`);
  }
  if (!isGood(file, sent, atMs)) return;
  if (status === 200) counts.untroubled += isTroubled(file, sent.atMs, atMs) ? 0 : 1;
  else if (status === 401) {
    find(file, 'refused', atMs, sent.way, `request ${request} got 401 after ${tookMs} ms`);
  } else if (!mayFail(file, sent, atMs)) {
    find(file, 'failed', atMs, sent.way, `request ${request} got ${status} after ${tookMs} ms`);
  }
}

export function judgeUnanswered(file: CaseFile, { request, cause, atMs }: Unanswered): void {
  const sent = file.requests.get(request);
  if (sent === undefined) return;
  const tookMs = atMs - sent.atMs;
  sent.end = `${cause} after ${tookMs}`;
  if (cause === 'aborted') {
    file.counts.aborted += 1;
    const reset = { way: sent.way, sentMs: sent.atMs, atMs };
    if (sent.protocol === 'h2') historyOf(file, sent.token, atMs).resets.push(reset);
    return;
  }
  file.counts.lost += 1;
  if (isGood(file, sent, atMs) && !mayFail(file, sent, atMs)) {
    find(file, 'failed', atMs, sent.way, `request ${request} got no answer for ${tookMs} ms`);
  }
}

function mayFail(file: CaseFile, sent: Sent, nowMs: number): boolean {
  const hasReason = sent.way === 'signed' ? areKeysTroubled : isTroubled;
  return hasReason(file, sent.atMs, nowMs);
}

/** Whether the request had to be granted, as far as its token and proof go. */
function isGood({ tokens, clock }: CaseFile, sent: Sent, nowMs: number): boolean {
  const history = tokens.get(sent.token);
  const issued = history?.issued;
  if (history === undefined || issued === undefined) return false;
  const isAlive =
    issued.atMs <= sent.atMs &&
    history.revokedMs > nowMs &&
    history.purgingMs > nowMs &&
    // By the server's clock, and by the gateway's: a refusal is remembered, so it counts whether it ever showed the token's end.
    nowMs < issued.expMs &&
    clock.mostMs(issued.atMs, nowMs) < issued.expMs;
  if (!isAlive || !issued.isBound) return isAlive;
  const isClockRight =
    clock.mostMs(sent.atMs, nowMs) - nowMs < PROOF_CLOCK_MS &&
    sent.atMs - clock.leastMs(sent.atMs, nowMs) < PROOF_CLOCK_MS;
  return sent.way === 'bound' && sent.proof === 'good' && isClockRight;
}
