// The oracle: is told events in the order of their times, and finds what must not be. Pure: no clock, no network. Each rule uses
// the bound that favours the gateway: a request may have been decided at any moment between its being sent and its arrival at
// the API.
import { type CaseFile, type Counts, historyOf, newCaseFile, prune } from './case_file.js';
import type { Event, FaultName, Heard, KeysChanged, Limits, Purging, Told } from './events.js';
import { judgeReached } from './judge_api.js';
import { judgeAnswered, judgeUnanswered } from './judge_clients.js';
import { judgeAsked } from './judge_server.js';
import type { Finding } from './rules.js';

export interface Judge {
  note(event: Event): void;
  readonly findings: readonly Finding[];
  readonly counts: Counts;
}

export function newJudge(limits: Limits): Judge {
  const file = newCaseFile(limits);
  return { findings: file.findings, counts: file.counts, note: (event) => note(file, event) };
}

function note(file: CaseFile, event: Event): void {
  const { atMs } = event;
  switch (event.kind) {
    case 'issued':
      historyOf(file, event.token, atMs).issued = event;
      break;
    case 'revoked':
      historyOf(file, event.token, atMs).revokedMs = atMs;
      break;
    case 'purging':
      beginPurge(file, event);
      break;
    case 'purged':
      file.counts.purges += 1;
      historyOf(file, event.token, atMs).purges.push(event);
      break;
    case 'sent':
      file.counts.requests += 1;
      file.requests.set(event.request, { ...event, reachedMs: 0, end: 'open' });
      prune(file, atMs);
      break;
    case 'answered':
      judgeAnswered(file, event);
      break;
    case 'unanswered':
      judgeUnanswered(file, event);
      break;
    case 'asked':
      judgeAsked(file, event);
      break;
    case 'told':
      tell(file, event);
      break;
    case 'heard':
      hear(file, event);
      break;
    case 'reached':
      judgeReached(file, event);
      break;
    case 'keys_changed':
      changeKeys(file, event);
      break;
    case 'fault_began':
      file.troubles.push({ fault: event.fault, beganMs: atMs, endedMs: Number.POSITIVE_INFINITY });
      break;
    case 'fault_ended':
      endFault(file, event.fault, atMs);
      break;
    case 'stalled':
      file.counts.stalls += 1;
      file.troubles.push({ fault: 'stalled', beganMs: event.sinceMs, endedMs: atMs });
      break;
    case 'zones_lost':
      file.losses.push({ beganMs: atMs, endedMs: Number.POSITIVE_INFINITY });
      break;
    case 'zones_settled':
      for (const loss of file.losses) loss.endedMs = Math.min(loss.endedMs, atMs);
      break;
    case 'worker_lost':
      file.workersLostMs.push(atMs);
      break;
    case 'clock_set':
      file.clock.set(event);
      break;
  }
}

function beginPurge(file: CaseFile, { token, atMs }: Purging): void {
  const history = historyOf(file, token, atMs);
  history.purgingMs = Math.min(history.purgingMs, atMs);
}

function tell(file: CaseFile, { question, verdict, jwt, atMs }: Told): void {
  const found = file.questions.get(question);
  if (found !== undefined) Object.assign(found, { verdict, jwt, toldMs: atMs });
}

function hear(file: CaseFile, { question, isWhole, atMs }: Heard): void {
  const found = file.questions.get(question);
  if (found !== undefined) Object.assign(found, { isWhole, heardMs: atMs });
}

function changeKeys(file: CaseFile, { removed, atMs }: KeysChanged): void {
  file.keysChangedMs = atMs;
  if (removed !== '') file.removedKeys.set(removed, atMs);
}

function endFault(file: CaseFile, fault: FaultName, atMs: number): void {
  for (const trouble of file.troubles) {
    if (trouble.fault === fault) trouble.endedMs = Math.min(trouble.endedMs, atMs);
  }
}
