// CORS preflights carry no credentials, so that no token can be asked of them (Fetch standard, CORS-preflight fetch).

/**
 * Whether a request without a credential is a preflight: OPTIONS with Origin and Access-Control-Request-Method.
 * Every other OPTIONS request is authenticated as any request (S98).
 */
export function isPreflight(method: string, origin: string, requestedMethod: string): boolean {
  return method === 'OPTIONS' && origin !== '' && requestedMethod !== '';
}
