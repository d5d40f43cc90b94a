// The requests of the load, as text: their heads are the same for all tokens of a run.
import { ECHO } from './backends.js';
import { proofFor } from './bound.js';
import type { AskedBy, Row } from './rows.js';

/** What stands before and after the token. */
export interface RequestText {
  readonly before: string;
  readonly after: string;
}

/** @param tokenLength  of every token of the run */
export function requestText(askedBy: AskedBy, path: string, tokenLength: number): RequestText {
  switch (askedBy) {
    case 'client':
      return {
        before: `GET ${path} HTTP/1.1\r\nHost: gateway.bench\r\nAuthorization: Bearer `,
        after: '\r\n\r\n',
      };
    case 'key_holder':
      return {
        before: `GET ${path} HTTP/1.1\r\nHost: gateway.bench\r\nAuthorization: DPoP `,
        after: '\r\n\r\n',
      };
    case 'proxy':
      return {
        before: `GET ${path} HTTP/1.1\r\nHost: gateway.bench\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: api.bench\r\nX-Forwarded-Uri: /orders?page=2\r\nAuthorization: Bearer `,
        after: '\r\n\r\n',
      };
    case 'gateway': {
      const field = 'token=';
      const hint = '&token_type_hint=access_token';
      const lengthBytes = field.length + tokenLength + hint.length;
      return {
        before: `POST ${path} HTTP/1.1\r\nHost: gateway.bench\r\nAccept: application/jwt\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${lengthBytes}\r\n\r\n${field}`,
        after: hint,
      };
    }
  }
}

/** What stands between the token and the text after it: '' for all but those who prove to hold a key. */
export function proofLine(askedBy: AskedBy, path: string, token: string): string {
  return askedBy === 'key_holder' ? `\r\nDPoP: ${proofFor(path, token)}` : '';
}

/** One request beside the load: its status, and what the API has received, or who asks has got, as an Authorization header. */
export async function sendOne(
  row: Row,
  url: string,
  path: string,
  token: string,
): Promise<{ status: number; received: string }> {
  if (row.askedBy === 'gateway') {
    const body = new URLSearchParams({ token });
    const response = await fetch(`${url}${path}`, { method: 'POST', body });
    return { status: response.status, received: `Bearer ${await response.text()}` };
  }
  const isProxy = row.askedBy === 'proxy';
  const asked = isProxy ? path : path + ECHO;
  const headers: Record<string, string> =
    row.askedBy === 'key_holder'
      ? { authorization: `DPoP ${token}`, dpop: proofFor(asked, token) }
      : { authorization: `Bearer ${token}` };
  const response = await fetch(url + asked, { headers });
  const body = await response.text();
  return {
    status: response.status,
    received: isProxy ? (response.headers.get('authorization') ?? '') : body,
  };
}
