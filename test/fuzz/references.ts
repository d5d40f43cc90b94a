// The same rules once more, written another way and without patterns: what a parser says is held against these.

/** RFC 6750 §2.1, character by character. */
export function isB64Token(text: string): boolean {
  const end = text.length;
  let i = 0;
  while (i < end && isTokenCharacter(text.charCodeAt(i))) i++;
  if (i === 0) return false;
  while (i < end && text[i] === '=') i++;
  return i === end && end <= 4096;
}

function isTokenCharacter(code: number): boolean {
  return isLetterOrDigit(code) || '-._~+/'.includes(String.fromCharCode(code));
}

function isLetterOrDigit(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
}

/** The token behind a scheme and one space or more; '' when nothing follows, undefined for another scheme. */
export function behindScheme(header: string, scheme: string): string | undefined {
  const codes = Array.from(header.slice(0, scheme.length), (character) => character.charCodeAt(0) | 0x20);
  const isScheme = codes.length === scheme.length && codes.every((code, i) => code === scheme.charCodeAt(i));
  if (!isScheme || header[scheme.length] !== ' ') return undefined;
  let i = scheme.length;
  while (header[i] === ' ') i++;
  return header.slice(i);
}

/** Header and payload of three base64url parts; undefined for anything else. Does NOT look at the signature's length. */
export function decodeJwt(
  text: string,
): { header: Record<string, unknown>; payload: Record<string, unknown> } | undefined {
  const parts = text.split('.');
  if (parts.length !== 3 || !parts.every(isBase64url)) return undefined;
  const [header, payload] = parts.slice(0, 2).map(decodeObject);
  return header === undefined || payload === undefined ? undefined : { header, payload };
}

function isBase64url(part: string): boolean {
  return (
    part !== '' &&
    Array.from(part).every(
      (c) => c.length === 1 && (isLetterOrDigit(c.charCodeAt(0)) || c === '-' || c === '_'),
    )
  );
}

function decodeObject(part: string): Record<string, unknown> | undefined {
  return parseObject(Buffer.from(part, 'base64url').toString());
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Object.prototype.toString.call(value) === '[object Object]'
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a text of ours quotes foreign text: any eight characters in a row of it that are no words of ours. */
export function quotes(ours: string, foreign: string): boolean {
  for (let i = 0; i + 8 <= foreign.length; i++) {
    const part = foreign.slice(i, i + 8);
    if (/[A-Z0-9].*[A-Z0-9]/.test(part) && ours.includes(part)) return true;
  }
  return false;
}

/** Whether any character would end a line or a header, or cannot be seen. */
export function hasControl(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\x7F');
}
