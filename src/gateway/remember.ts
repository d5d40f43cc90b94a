// The last stage of a question: what is kept of the answer, and for how long.
import { type Denial, denied, grantedTo } from '../core/answer/outcome.js';
import { encodeBoundRecord } from '../core/cache/bound_record.js';
import { forbidsStale, freshnessSec, parseCacheControl } from '../core/cache/cache_control.js';
import { encodeDenial, isRemembered } from '../core/cache/denial_record.js';
import type { CacheKey } from '../core/cache/key.js';
import { keyspaceOf } from '../core/cache/lookup.js';
import { markTtlSecOf } from '../core/cache/purge_mark.js';
import type { StoredRecord } from '../core/cache/record.js';
import { chanceOf, recordTtlSec } from '../core/cache/ttl.js';
import { encodeRecord, isCountedAlike } from '../core/cache/write_record.js';
import type { ActiveToken } from '../core/introspection/active_token.js';
import type { IntrospectionReply } from '../core/introspection/reply.js';
import type { Settings } from '../core/settings/settings.js';
import { checkPolicy, encodeGrants } from '../core/token/policy.js';
import { readClockMs } from '../edge/clock.js';
import { noteUncached } from '../edge/introspection_notes.js';
import { listKeyspace } from '../edge/keyspaces.js';
import { isPurged } from '../edge/known_tokens.js';
import { deleteRecord, writeDenial, writeRecord } from '../edge/stored_tokens.js';
import type { Answered, Question } from './handover.js';

export function rememberActive(
  r: NginxHTTPRequest,
  question: Question,
  active: ActiveToken,
  reply: CacheHeaders,
  settings: Settings,
  nowSec: number,
): Answered {
  const grants = encodeGrants(active.claims);
  const reason = checkPolicy(grants, active.claims.notBeforeSec, settings, nowSec);
  const life = lifeOf(active, reply, settings, nowSec, question.key);
  const times = {
    expiresAtSec: nowSec + life.ttlSec,
    storedAtSec: nowSec,
    notBeforeSec: active.claims.notBeforeSec,
    usableUntilSec: life.usableUntilSec,
  };
  const metPolicy = reason === undefined ? question.policy : '';
  const isStorable = life.ttlSec > 0 && isCountedAlike(metPolicy + grants);
  const unbound = encodeRecord(times, active.jwt, grants, metPolicy);
  const binding = active.binding;
  const record = binding === undefined ? unbound : encodeBoundRecord(binding, unbound);
  // Look for the mark of a purge twice. Before the record is written, so that no other request meets it. And after that: a
  // purge writes its mark and then deletes records, so either it deletes this record or its mark is seen here.
  const isKept =
    isStorable && !isPurged(question.markKey) && store(r, question, record, life, settings, nowSec);
  if (isPurged(question.markKey)) {
    deleteRecord(question.key);
    return { outcome: denied('token_purged', 'NEGATIVE'), isKept: true }; // those who wait find the mark
  }
  const outcome =
    reason === undefined
      ? grantedTo(binding, `Bearer ${active.jwt}`, 'MISS', isKept ? unbound : undefined)
      : denied(reason, 'MISS');
  return { outcome, isKept };
}

export function rememberDenial(key: CacheKey, denial: Denial, settings: Settings, nowSec: number): Answered {
  if (!isRemembered(denial.reason)) {
    return { outcome: denial, isKept: false };
  }
  deleteRecord(key); // a record from when the token was active must not be served stale
  const expiresAtSec = nowSec + settings.negativeCacheTtlSec;
  const ttlMs = expiresAtSec * 1000 - readClockMs();
  const isKept =
    ttlMs >= 1 && writeDenial(key, encodeDenial(expiresAtSec, nowSec, denial.reason), ttlMs) === 'stored';
  return { outcome: denial, isKept };
}

/** What an answer says of its freshness. */
type CacheHeaders = Pick<IntrospectionReply, 'cacheControl' | 'age'>;

/** How long a record of an active token is used and kept. */
interface Life {
  /** How long the cache may answer for the authorization server, in seconds; 0 for not at all. */
  readonly ttlSec: number;
  /** The end of the token, or of the TTL where the reply forbids stale answers, epoch seconds; undefined for no end. */
  readonly usableUntilSec: number | undefined;
}

function lifeOf(
  active: ActiveToken,
  reply: CacheHeaders,
  settings: Settings,
  nowSec: number,
  key: CacheKey,
): Life {
  const obeys = settings.cacheControl === 'obey';
  const directives = parseCacheControl(obeys ? reply.cacheControl : '');
  const lifetimes = {
    freshnessSec: obeys ? freshnessSec(directives, reply.age) : undefined,
    expiresAtSec: active.expiresAtSec,
    cacheTtlSec: settings.cacheTtlSec,
  };
  const ttlSec = recordTtlSec(lifetimes, nowSec, chanceOf(key));
  return { ttlSec, usableUntilSec: forbidsStale(directives) ? nowSec + ttlSec : active.expiresAtSec };
}

/** @returns whether the record is in the cache */
function store(
  r: NginxHTTPRequest,
  question: Question,
  record: StoredRecord,
  life: Life,
  settings: Settings,
  nowSec: number,
): boolean {
  const listed = listKeyspace(question.reach, {
    keyspace: keyspaceOf(question.lookup),
    markTtlSec: markTtlSecOf(settings),
    listedAtSec: nowSec,
  });
  const forSec = keptSec(life, settings.staleIfErrorSec, nowSec);
  const written = listed === 'stored' ? writeRecord(question.key, record, forSec) : listed;
  if (written !== 'stored') {
    noteUncached(r, written);
  }
  return written === 'stored';
}

/** A record stays beyond its TTL when it may be used while the server fails. */
function keptSec(life: Life, staleIfErrorSec: number, nowSec: number): number {
  const withStaleSec = life.ttlSec + staleIfErrorSec;
  return life.usableUntilSec === undefined
    ? withStaleSec
    : Math.min(withStaleSec, life.usableUntilSec - nowSec);
}
