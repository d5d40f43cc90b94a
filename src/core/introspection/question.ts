// What is asked of the authorization server (RFC 7662 §2.1).
import { formEncode } from '../text/form.js';

/**
 * The form body (RFC 7662 §2.1).
 * @param token a b64token: see bearer.ts
 * @param proofFields and parameters are encoded fields, '' for none
 */
export function introspectionForm(token: string, proofFields: string, parameters: string): string {
  const question = `token=${encodeToken(token)}&token_type_hint=access_token`;
  return question + andFields(proofFields) + andFields(parameters);
}

/** Of the characters that a form has otherwise than encodeURIComponent, a b64token can hold only this one. */
function encodeToken(token: string): string {
  return token.includes('~') ? formEncode(token) : encodeURIComponent(token);
}

function andFields(fields: string): string {
  return fields === '' ? '' : `&${fields}`;
}
