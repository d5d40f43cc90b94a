// `js_content phantom_token.jwks;`: the public keys with which APIs verify what the gateway signs (RFC 7517 §5).
import { type JwksAnswer, publishKeys, refuseKeys, refuseKeysMethod } from '../core/answer/jwks_answer.js';
import { misconfigured } from '../core/answer/unavailable.js';
import { noteBug, noteFailure } from '../edge/fail.js';
import { readOwnKeys } from '../edge/own_keys.js';

/**
 * GET and HEAD: 200 and the public members of each key in `$phantom_token_mint_key_file`, which is read each time. 405 for
 * another method, 500 where the file cannot be used: the error log says why.
 */
export async function jwks(r: NginxHTTPRequest): Promise<void> {
  const answer = await decideJwks(r);
  const headers = r.headersOut;
  headers['Content-Type'] = answer.contentType;
  headers['Cache-Control'] = answer.cacheControl;
  if (answer.allow !== '') {
    headers.Allow = answer.allow;
  }
  r.return(answer.status, answer.body);
}

async function decideJwks(r: NginxHTTPRequest): Promise<JwksAnswer> {
  if (r.method !== 'GET' && r.method !== 'HEAD') {
    return refuseKeysMethod();
  }
  try {
    const path = r.variables.phantom_token_mint_key_file || '';
    if (path === '') {
      noteFailure(
        r,
        misconfigured('$phantom_token_mint_key_file is not set where phantom_token.jwks is'),
        '',
      );
      return refuseKeys();
    }
    const keys = await readOwnKeys(path);
    if (Array.isArray(keys)) {
      return publishKeys(keys);
    }
    noteFailure(r, misconfigured(keys.problem), '');
  } catch (e) {
    noteBug(r, e);
  }
  return refuseKeys();
}
