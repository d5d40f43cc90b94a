// The request about which another proxy asks (forward auth). It is told by headers, which a client may have sent as well if the
// proxy does not overwrite them. So they never grant anything: where they contradict each other or the request that has them,
// there is no preflight, and no proof fits.
import { hasDotSegment, normalizeUri, withoutQuery } from '../sender/target_uri.js';

/** Values of headers; '' for none. nginx joins several of one name by commas, and then no value is what it should be. */
export interface ForwardedHeaders {
  /** X-Forwarded-Method, X-Original-Method. */
  readonly method: string;
  readonly originalMethod: string;
  /** X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Uri: the last is path and query. */
  readonly proto: string;
  readonly host: string;
  readonly uri: string;
  /** X-Original-URL: the whole URL, or path and query. */
  readonly url: string;
}

/** What the client has asked the other proxy for. */
export interface OriginalRequest {
  readonly method: string;
  /** Path and query; undefined when it is not known, or the method is not known. */
  readonly uri: string | undefined;
  /** Scheme and authority; '' when they are not known. */
  readonly origin: string;
}

const METHOD = /^[A-Za-z-]+$(?!\n)/;
/** By which proxies ask, whatever the method of the original. */
const ASKING_METHODS = ['GET', 'HEAD'];
const SCHEME_AND_AUTHORITY = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*/;
const BREAKS = /%0[0AD]/i;

/**
 * Whether a URI may be one that a client has asked for: a path, or a URL, without characters that no request line can have, line
 * breaks in the path, and dot segments, which clients resolve before they send.
 */
export function isWellFormedUri(value: string): boolean {
  const uri = value.replace(SCHEME_AND_AUTHORITY, '');
  const path = withoutQuery(uri);
  return (
    !/[\x00-\x20\x7F]/.test(value) &&
    (uri === '' || /^[/?#]/.test(uri)) &&
    !BREAKS.test(path) &&
    !hasDotSegment(path)
  );
}

/**
 * @param own the request that the other proxy has sent
 * @returns undefined for headers that contradict each other or that request
 */
export function readOriginalRequest(
  own: { readonly method: string; readonly uri: string },
  headers: ForwardedHeaders,
): OriginalRequest | undefined {
  const method = agreed(headers.method, headers.originalMethod);
  const uri = agreed(headers.uri, pathOf(headers.url));
  const origin = agreed(forwardedOrigin(headers), originOf(headers.url));
  if (method === undefined || uri === undefined || origin === undefined) {
    return undefined;
  }
  if (method === '') {
    return { method: own.method, uri: uri === '' ? own.uri : undefined, origin };
  }
  const fitsOwn = ASKING_METHODS.includes(own.method) || own.method === method;
  return METHOD.test(method) && fitsOwn
    ? { method, uri: uri.charAt(0) === '/' ? uri : undefined, origin }
    : undefined;
}

/** The one that is there; undefined when both are, and differ. */
function agreed(a: string, b: string): string | undefined {
  if (a === '' || b === '') {
    return a + b;
  }
  return a === b ? a : undefined;
}

/** '' for no URL, or one without a path. */
function pathOf(url: string): string {
  const uri = url.replace(SCHEME_AND_AUTHORITY, '');
  return uri === '' && url !== '' ? '/' : uri;
}

/** A part that X-Forwarded-* do not tell is that of X-Original-URL, so that what both tell has to agree. */
function forwardedOrigin(headers: ForwardedHeaders): string {
  const match = SCHEME_AND_AUTHORITY.exec(headers.url);
  const told = match === null ? [] : (match[0] as string).split('://');
  const proto = headers.proto || told[0] || '';
  const host = headers.host || told[1] || '';
  return proto === '' || host === '' ? '' : normalized(`${proto}://${host}`);
}

function originOf(url: string): string {
  const match = SCHEME_AND_AUTHORITY.exec(url);
  return match === null ? '' : normalized(match[0] as string);
}

/** In the form of {@link normalizeUri}; what is no origin stays as it is, and is equal to none. */
function normalized(origin: string): string {
  return normalizeUri(origin) || origin;
}
