// What `js_content phantom_token.jwks` answers.
import type { OwnKey } from '../signature/own_key.js';
import { errorBody } from './refusal.js';

/** '' stands for no such header. */
export interface JwksAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly allow: string;
  readonly body: string;
}

/** For how long APIs may keep the set: so long after a key was added to the file it is known everywhere. */
const MAX_AGE_SEC = 300;

/** The public members of every key, and nothing else (RFC 7517 §5). */
export function publishKeys(keys: readonly OwnKey[]): JwksAnswer {
  return {
    status: 200,
    contentType: 'application/jwk-set+json',
    cacheControl: `public, max-age=${MAX_AGE_SEC}`,
    allow: '',
    body: JSON.stringify({ keys: keys.map((key) => key.published) }),
  };
}

export function refuseKeysMethod(): JwksAnswer {
  return refusal(405, 'GET, HEAD', errorBody('invalid_request', 'The keys are read by GET'));
}

/** What is wrong stands in the error log. */
export function refuseKeys(): JwksAnswer {
  return refusal(500, '', errorBody('server_error', 'Problem encountered processing the request'));
}

function refusal(status: number, allow: string, body: string): JwksAnswer {
  return { status, contentType: 'application/json', cacheControl: 'no-store', allow, body };
}
