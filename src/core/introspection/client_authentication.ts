// How the gateway proves to the authorization server who it is (RFC 7662 §2.1: introspection needs it).
import type { ClientAuthMethod, ClientSettings } from '../settings/client_settings.js';
import { jwsInput } from '../signature/jws_input.js';
import { formEncode } from '../text/form.js';

/** What authenticates one introspection request; '' where the method has no such part. */
export interface ClientProof {
  readonly kind: 'proof';
  readonly method: ClientAuthMethod;
  /** The Authorization header's value. */
  readonly authorization: string;
  /** Form fields, encoded, without a leading `&`. */
  readonly formFields: string;
}

/**
 * The location itself authenticates: by its own proxy_set_header, or by a client certificate, beside which the
 * client's id belongs into the form (RFC 8705 §2).
 */
export function locationProof(clientId: string): ClientProof {
  return {
    kind: 'proof',
    method: 'none',
    authorization: '',
    formFields: clientId === '' ? '' : `client_id=${formEncode(clientId)}`,
  };
}

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** client_secret_basic: id and secret are form-encoded first (RFC 6749 §2.3.1). */
export function basicProof(clientId: string, secret: string): ClientProof {
  const pair = `${formEncode(clientId)}:${formEncode(secret)}`;
  return {
    kind: 'proof',
    method: 'client_secret_basic',
    authorization: `Basic ${Buffer.from(pair).toString('base64')}`,
    formFields: '',
  };
}

/** client_secret_post (RFC 6749 §2.3.1). */
export function postProof(clientId: string, secret: string): ClientProof {
  return {
    kind: 'proof',
    method: 'client_secret_post',
    authorization: '',
    formFields: `client_id=${formEncode(clientId)}&client_secret=${formEncode(secret)}`,
  };
}

/** private_key_jwt (RFC 7523 §2.2). @param assertion a signed JWT */
export function assertionProof(clientId: string, assertion: string): ClientProof {
  return {
    kind: 'proof',
    method: 'private_key_jwt',
    authorization: '',
    formFields: `client_id=${formEncode(clientId)}&client_assertion_type=${formEncode(JWT_BEARER)}&client_assertion=${assertion}`,
  };
}

/** How long a new assertion is valid, when each is used once. */
const SINGLE_USE_SEC = 60;
/** A reused assertion is replaced so many seconds before it ends, so that none ends on its way. */
export const ASSERTION_MARGIN_SEC = 5;

/** The text to sign for an assertion (RFC 7523 §3, RFC 7515 §5.1). @param jti unique for each assertion */
export function assertionInput(client: ClientSettings, jti: string, nowSec: number): string {
  const header: Record<string, string> = { alg: client.keyAlgorithm, typ: 'JWT' };
  if (client.keyId !== '') {
    header.kid = client.keyId;
  }
  const reusedSec = client.assertionTtlSec + ASSERTION_MARGIN_SEC;
  const claims = {
    iss: client.id,
    sub: client.id,
    aud: client.assertionAudience,
    jti,
    iat: nowSec,
    exp: nowSec + (client.assertionTtlSec === 0 ? SINGLE_USE_SEC : reusedSec),
  };
  return jwsInput(header, claims);
}
