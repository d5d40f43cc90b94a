// What must be in no log and in no request to the API.
import { TOKEN_MARK } from './tokens.js';

/** The gateway's own credentials at the authorization server, as nginx.conf holds them. */
export const CLIENT_ID = 'gateway-client';
export const CLIENT_SECRET = 'gateway-secret-of-the-chaos-run';

/** Opaque tokens, and the gateway's credentials in clear and in base64. */
export const SECRETS: readonly string[] = [
  TOKEN_MARK,
  CLIENT_SECRET,
  Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString('base64').slice(0, 24),
];

/** The same, and JWTs and proofs, which begin with an encoded `{"`. */
export const SECRETS_OF_LOGS: readonly string[] = [...SECRETS, 'eyJ'];
