// The answers about a token for gateways that want JSON (RFC 7662 §2.2), as Kong, APISIX and most libraries do.
import { parseJwt } from '../token/jwt.js';

/** The claims of the JWT, and the JWT itself under the name that Curity gives it. @param jwt of a record */
export function activeAnswer(jwt: string): string {
  const parsed = parseJwt(jwt);
  const claims = parsed === undefined ? {} : parsed.payload;
  return JSON.stringify(Object.assign({}, claims, { active: true, phantom_token: jwt }));
}

export function inactiveAnswer(): string {
  return '{"active":false}';
}
