// Reads the form that an operator or a gateway has sent.

/** The request's body; '' when nginx had to put it into a file, which no token needs. */
export function readFormBody(r: NginxHTTPRequest): string {
  try {
    return r.requestText || '';
  } catch (_inFile) {
    return '';
  }
}
