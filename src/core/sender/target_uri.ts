// The URI that a DPoP proof names, and that of the request (RFC 9449 §4.3, check 9).

// A host in ASCII: engines differ in which letters outside of it have one inside as their lower case.
const URI = /^([Hh][Tt][Tt][Pp][Ss]?):\/\/([\x21\x22\x24-\x2E\x30-\x3E\x41-\x7E]+)(\/[^?#]*)?([?#]|$(?!\n))/;
const UNRESERVED = /[A-Za-z0-9._~-]/;
/** Slashes and dots as they are, or escaped. To normalize the escapes first would let a long path cost milliseconds. */
const DOT_SEGMENT = /(?:\/|%2[Ff])(?:\.|%2[Ee]){1,2}(?:\/|%2[Ff]|$(?!\n))/;

/**
 * Without query and fragment, and normalized (RFC 3986 §6.2.2, §6.2.3): the case of scheme, host and escapes, escapes of
 * unreserved characters, dot segments, the scheme's own port, an empty path.
 * @returns undefined for what is no http or https URI, or names a user
 */
export function normalizeUri(text: string): string | undefined {
  const match = URI.exec(text);
  if (match === null) {
    return undefined;
  }
  const scheme = (match[1] as string).toLowerCase();
  const port = scheme === 'https' ? /:(443)?$(?!\n)/ : /:(80)?$(?!\n)/;
  const authority = (match[2] as string).toLowerCase().replace(port, '');
  const path = removeDotSegments(normalizeEscapes(match[3] || ''));
  return `${scheme}://${authority}${path === '' ? '/' : path}`;
}

/**
 * Whether `htu` names the URL that the client has called.
 * @param requestUri `$request_uri`: as the client sent it, before nginx has decoded anything
 */
export function isTargetUri(htu: string, origin: string, requestUri: string): boolean {
  const called = origin + withoutQuery(requestUri);
  if (htu === called) {
    return true; // as nearly all clients spell it: to normalize both costs twenty times as much
  }
  const normalized = normalizeUri(called);
  return normalized !== undefined && normalizeUri(htu) === normalized;
}

/** Without query and fragment. A pattern that splits costs a hundred times as much for a long path. */
export function withoutQuery(requestUri: string): string {
  const query = requestUri.indexOf('?');
  const fragment = requestUri.indexOf('#');
  const end = query === -1 || (fragment !== -1 && fragment < query) ? fragment : query;
  return end === -1 ? requestUri : requestUri.slice(0, end);
}

/**
 * Whether the path of a request has a dot segment, be its slashes escaped or not. nginx resolves it after it has decoded `%2F` and
 * merged slashes, so that it may stand for another path here than there. Clients resolve dots before they send.
 */
export function hasDotSegment(requestUri: string): boolean {
  if (!requestUri.includes('/.') && !requestUri.includes('%')) {
    return false;
  }
  return DOT_SEGMENT.test(withoutQuery(requestUri));
}

function normalizeEscapes(path: string): string {
  return path.replace(/%[0-9A-Fa-f]{2}/g, (escaped) => {
    const character = String.fromCharCode(Number(`0x${escaped.slice(1)}`));
    return UNRESERVED.test(character) ? character : escaped.toUpperCase();
  });
}

/** RFC 3986 §5.2.4, of a path that is empty or begins with a slash. */
function removeDotSegments(path: string): string {
  if (!path.includes('/.')) {
    return path;
  }
  const segments = path.slice(1).split('/');
  const kept: string[] = [];
  segments.forEach((segment, i) => {
    if (segment === '..') {
      kept.pop();
    } else if (segment !== '.') {
      kept.push(segment);
    }
    const isLast = i === segments.length - 1;
    if (isLast && (segment === '.' || segment === '..')) {
      kept.push('');
    }
  });
  return `/${kept.join('/')}`;
}
