// What the stages of a request hand on to each other.
import type { Denial, Finding, Unavailable } from '../core/answer/outcome.js';
import type { CacheKey } from '../core/cache/key.js';
import type { EndpointName, Reach } from '../core/cache/lookup.js';
import type { StoredRecord } from '../core/cache/record.js';
import type { OriginalRequest } from '../core/request/original_request.js';
import type { LocationTexts } from '../core/settings/location_texts.js';
import type { Mode } from '../core/settings/njs_version.js';
import type { Lookup, NoPolicy, PolicyText, RequestText } from '../core/settings/request_text.js';
import type { SignatureSettings } from '../core/settings/signature_settings.js';

/** The first stage, once it is known in which mode. */
export type Handle = (r: NginxHTTPRequest, mode: Mode, isAsked: true) => Promise<void> | undefined;

/** What the first stage has found out about a request. */
export interface FirstLook {
  readonly request: RequestText;
  readonly policy: PolicyText | NoPolicy;
  readonly lookup: Lookup;
  readonly key: CacheKey;
  /** What the cache has under that key, and what grants nothing at once. */
  readonly record: StoredRecord | undefined;
}

/** What the client has sent to be let through. */
export interface Presented {
  /** Its credential: Authorization, or `Bearer` and the token that another variable holds. */
  readonly authorization: string;
  /**
   * `$phantom_token_caller_certificate`; '' for none, and where no bound tokens are taken. Read before anything is asked: nginx
   * runs the server's own `set` lines again in the subrequest, and in access mode they change the location's values.
   */
  readonly certificate: string;
  /** What the client has asked for; undefined where that is not known, and where no bound tokens are taken. */
  readonly original: OriginalRequest | undefined;
}

/** Why a bound token grants nothing to this request. */
export type Refused = Denial | Unavailable;

/** A token that the cache does not know. */
export interface Question {
  readonly kind: 'question';
  readonly token: string;
  /** Everything that selects the record, in its canonical spelling. This and the next four: core/cache/lookup.ts. */
  readonly lookup: Lookup;
  /** Where its record is kept. */
  readonly key: CacheKey;
  /** Who is asked: what the breaker counts. */
  readonly endpoint: EndpointName;
  /** How far a purge goes. */
  readonly reach: Reach;
  /** Where a purge leaves its mark. */
  readonly markKey: CacheKey;
  /** What the location asks of it. */
  readonly policy: PolicyText | NoPolicy;
  readonly texts: LocationTexts;
  /** The client settings but the id, as one text; '' when none of them is set. */
  readonly clientText: string;
  /** undefined where the location says nothing of signatures. */
  readonly signatures: SignatureSettings | undefined;
}

/** Where requests that may share an introspection meet, and how this one takes part. */
export interface Flight {
  readonly name: string;
  /** Whether nginx abandons this request's handler when its client goes. */
  readonly canBeLost: boolean;
  /** `$connection` of this request. */
  readonly connection: string;
  /** After which this request counts as lost, should it lead. */
  readonly leaseMs: number;
}

export interface Answered {
  readonly outcome: Finding;
  /** Whether the cache knows the answer now. */
  readonly isKept: boolean;
}
