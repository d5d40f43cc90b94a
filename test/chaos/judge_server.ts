// What must hold of a question at the authorization server: there was a reason to ask.
import {
  areKeysTroubled,
  areZonesLost,
  type CaseFile,
  find,
  historyOf,
  isNotedLate,
  isWorkerLost,
  type Question,
  type TokenHistory,
} from './case_file.js';
import type { Asked } from './events.js';
import { WHOLE_SECOND_MS } from './judge_api.js';
import type { ReasonToAsk } from './rules.js';

/** At most one introspection a second for a token; a timer may be early. */
const RESET_PAUSE_MS = 950;
/** A busy server notes a question late, when the reset of its request has been noted already. */
const RESET_BEFORE_MS = 2000;
/** The requests before a question that are named with a finding. */
const REQUESTS_BEFORE_MS = 3000;

export function judgeAsked(file: CaseFile, event: Asked): void {
  file.counts.questions += 1;
  const history = historyOf(file, event.token, event.atMs);
  const before = history.questions.filter(({ way }) => way === event.way).at(-1);
  const question: Question = {
    way: event.way,
    askedMs: event.atMs,
    toldMs: event.atMs,
    heardMs: Number.POSITIVE_INFINITY,
    isWhole: false,
    verdict: 'none',
    jwt: '',
  };
  file.questions.set(event.question, question);
  history.questions.push(question);
  if (before === undefined || hasEnded(file, before, event, history)) return;
  const reason = reasonToAsk(file, before, event, history);
  if (reason === undefined) findTooOften(file, before, event);
  else file.counts.askedAgain[reason] += 1;
}

/** Whether the record that the answer before has left, if any, may have ended. */
function hasEnded(
  { clock, limits }: CaseFile,
  before: Question,
  event: Asked,
  history: TokenHistory,
): boolean {
  const nowMs = clock.mostMs(event.atMs, event.atMs);
  const sinceMs = clock.leastMs(before.askedMs, before.askedMs);
  const isTakenHere = history.issued?.isBound !== true || event.way === 'bound';
  const isGranted = before.verdict === 'active' && isTakenHere;
  const expMs = history.issued?.expMs ?? Number.POSITIVE_INFINITY;
  if (isGranted && nowMs >= expMs) return true;
  const lifeMs = isGranted ? Math.min(limits.cacheTtlMs, expMs - sinceMs) : limits.negativeTtlMs;
  return nowMs - sinceMs >= lifeMs - WHOLE_SECOND_MS;
}

function reasonToAsk(
  file: CaseFile,
  before: Question,
  event: Asked,
  history: TokenHistory,
): ReasonToAsk | undefined {
  const { limits, clock } = file;
  const [fromMs, toMs] = [before.askedMs, event.atMs];
  const tookMs = Math.min(before.heardMs, toMs) - fromMs;
  const isCut = before.heardMs <= toMs && !before.isWhole;
  if (before.verdict === 'failure' || isCut || tookMs >= limits.readTimeoutMs) return 'failure';
  if (areZonesLost(file, fromMs - limits.slackMs, toMs)) return 'zones_lost';
  if (isWorkerLost(file, fromMs - limits.slackMs, toMs)) return 'worker_lost';
  if (history.purgingMs <= toMs && (history.purges.at(-1)?.atMs ?? toMs) >= fromMs) return 'purged';
  if (clock.wasSet(fromMs, toMs)) return 'clock';
  if (event.way === 'signed' && areKeysTroubled(file, fromMs, toMs)) return 'keys';
  if (isReset(before, event, history)) return 'reset_stream';
  return isNotedLate(file, fromMs, toMs) ? 'stalled' : undefined;
}

/** Whoever was lost has asked no earlier than it was sent. */
function isReset(before: Question, event: Asked, { resets }: TokenHistory): boolean {
  return resets.some(
    ({ way, sentMs, atMs }) =>
      way === event.way && atMs >= before.askedMs - RESET_BEFORE_MS && sentMs <= event.atMs - RESET_PAUSE_MS,
  );
}

function findTooOften(file: CaseFile, before: Question, { token, way, atMs }: Asked): void {
  const requests = [...file.requests.values()]
    .filter((sent) => sent.token === token && sent.way === way)
    .filter((sent) => sent.atMs >= before.askedMs - REQUESTS_BEFORE_MS)
    .map(({ atMs: sentMs, protocol, proof, end }) => `${sentMs - atMs} ms ${protocol} ${proof} ${end}`);
  const gap = `asked again ${atMs - before.askedMs} ms after a question that was answered ${before.verdict}`;
  find(file, 'asked_too_often', atMs, way, `${gap}; its requests: ${requests.join(', ')}`);
}
