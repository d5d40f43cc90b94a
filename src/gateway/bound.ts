// Beside the path of other tokens: a bound token that the cache knows. All that is left to judge is its client's proof, so
// nothing else is read. Whatever else there is to find out, miss.ts finds out.
import type { BoundGrant, Grant } from '../core/answer/outcome.js';
import { misconfigured } from '../core/answer/unavailable.js';
import { bindingOf, isBoundRecord, unboundPartOf } from '../core/cache/bound_record.js';
import { judgeRecord } from '../core/cache/judge.js';
import { cacheKey } from '../core/cache/key.js';
import { askedOf, endpointOf, keyspaceOf, lookupIn } from '../core/cache/lookup.js';
import { authorizationOf, isReady, type StoredRecord } from '../core/cache/record.js';
import { parseDpop } from '../core/sender/dpop_credential.js';
import { Lines, PolicyDefault } from '../core/settings/lines.js';
import type { Mode } from '../core/settings/njs_version.js';
import { readRefusalSettings } from '../core/settings/parse_refusal.js';
import { parsePolicy } from '../core/settings/policy_text.js';
import { NoPolicy, type PolicyText } from '../core/settings/request_text.js';
import { readSender } from '../core/settings/sender_settings.js';
import { grantTo } from '../edge/answer_grant.js';
import { readClockSec, readFineClockSec } from '../edge/clock.js';
import { fail, failOnBug } from '../edge/fail.js';
import { readOriginal } from '../edge/forwarded.js';
import { readRecord } from '../edge/records.js';
import { deny } from '../edge/refuse.js';
import { readRest } from '../edge/request.js';
import { variablesOf } from '../edge/request_text.js';
import { readCallerCertificate } from '../edge/sender.js';
import type { FirstLook, Refused } from './handover.js';
import { type ProofSettings, proveSender } from './prove_sender.js';

/** A bound token whose record grants, and how its location takes such tokens. */
interface Bound {
  readonly known: BoundGrant;
  readonly authorization: string;
  readonly settings: ProofSettings;
  /** The lines of the request's text. */
  readonly lines: readonly string[];
}

/**
 * @param authorization the client's credential
 * @returns undefined when there is more to find out than whether the proof is good
 */
export function findBound(first: FirstLook, authorization: string): Bound | undefined {
  const record = first.record === undefined ? readByProof(first, authorization) : first.record;
  const lines = first.request.split('\n');
  if (record === undefined || !isBoundRecord(record) || lines.length !== Lines.request) {
    return undefined;
  }
  const findings = { problem: '' };
  const sender = readSender(findings, lines[Lines.signatureLine] as string);
  const readable = unboundPartOf(record);
  const clockSkewSec = clockSkewOfGrant(readable, first.policy);
  if (sender === undefined || findings.problem !== '' || clockSkewSec === undefined) {
    return undefined;
  }
  const known = {
    kind: 'bound' as const,
    authorization: authorizationOf(readable),
    binding: bindingOf(record),
    cacheStatus: 'HIT' as const,
    record: readable,
  };
  return { known, authorization, settings: { sender, clockSkewSec }, lines };
}

/** The location's clock skew in seconds, where it takes the record; with the short cut of a hit. */
function clockSkewOfGrant(record: StoredRecord, policyText: PolicyText | NoPolicy): number | undefined {
  if (policyText === NoPolicy.text) {
    return isReady(record, readFineClockSec()) ? PolicyDefault.clockSkewSec : undefined;
  }
  const policy = parsePolicy(policyText);
  const isGood = policy !== undefined && judgeRecord(record, policy, readClockSec()) === 'good';
  return isGood ? policy.clockSkewSec : undefined;
}

/** Records are kept under the scheme Bearer, however a token comes. */
function readByProof(first: FirstLook, authorization: string): StoredRecord | undefined {
  const credential = parseDpop(authorization);
  if (credential.kind === 'refused') {
    return undefined;
  }
  const lookup = lookupIn(keyspaceOf(first.lookup), credential.token);
  const key = cacheKey(lookup);
  return readRecord(key);
}

/** Grants when the proof is good. A token that is bound to a certificate alone needs no promise. */
export function judgeProof(
  r: NginxHTTPRequest,
  mode: Mode,
  first: FirstLook,
  bound: Bound,
): Promise<void> | undefined {
  const binding = bound.known.binding;
  const presented = {
    authorization: bound.authorization,
    certificate: binding.x5t === '' ? '' : readCallerCertificate(r, mode),
    original: binding.jkt === '' ? undefined : readOriginal(r, mode),
  };
  const outcome = proveSender(r, bound.known, presented, bound.settings);
  if (outcome instanceof Promise) {
    return respondLater(r, mode, first, bound, outcome);
  }
  respondToBound(r, mode, first, bound, outcome);
  return undefined;
}

async function respondLater(
  r: NginxHTTPRequest,
  mode: Mode,
  first: FirstLook,
  bound: Bound,
  proving: Promise<Grant | Refused>,
): Promise<void> {
  try {
    const outcome = await proving;
    respondToBound(r, mode, first, bound, outcome);
  } catch (e) {
    failOnBug(r, mode, e);
  }
}

function respondToBound(
  r: NginxHTTPRequest,
  mode: Mode,
  first: FirstLook,
  bound: Bound,
  outcome: Grant | Refused,
): void {
  if (outcome.kind === 'grant') {
    grantTo(r, variablesOf(r), mode, outcome.authorization, outcome.cacheStatus, outcome.record);
    return;
  }
  const endpoint = askedOf(endpointOf(first.lookup));
  const findings = { problem: '' };
  const settings = readRefusalSettings(findings, bound.lines, readRest(r, mode).split('\n'));
  if (findings.problem !== '') {
    fail(r, mode, misconfigured(findings.problem), endpoint);
  } else if (outcome.kind === 'denial') {
    deny(r, mode, outcome, settings);
  } else {
    fail(r, mode, outcome, endpoint);
  }
}
