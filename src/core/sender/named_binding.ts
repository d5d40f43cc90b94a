// Whether a JWT says itself to which key its token is bound.
import { parseJwt } from '../token/jwt.js';
import { type Binding, readBinding } from './binding.js';

/** @param text a JWT that readClaims has seen */
export function namesBinding(text: string, binding: Binding): boolean {
  const jwt = parseJwt(text);
  const named = jwt === undefined || jwt.payload.cnf === undefined ? undefined : readBinding([jwt.payload]);
  return named !== undefined && named.jkt === binding.jkt && named.x5t === binding.x5t;
}
