// What an introspection reply says about being stored: RFC 9111 §5.2.2 (Cache-Control), §5.1 (Age), §1.2.2 (delta-seconds).

const MAX_DELTA_SEC = 2147483648;

/** One directive of Cache-Control. */
export interface Directive {
  /** In lower case. */
  readonly name: string;
  /** Without its quotes; undefined when there is none. */
  readonly value: string | undefined;
}

/** What was parsed last: QuickJS keeps it for later requests, and a server says nearly always the same. */
let kept: { readonly cacheControl: string; readonly directives: readonly Directive[] } | undefined;

/** @param cacheControl the header's value, several joined by commas; '' when absent */
export function parseCacheControl(cacheControl: string): readonly Directive[] {
  if (kept === undefined || kept.cacheControl !== cacheControl) {
    kept = { cacheControl, directives: cacheControl === '' ? [] : readDirectives(cacheControl) };
  }
  return kept.directives;
}

function readDirectives(cacheControl: string): Directive[] {
  const directives: Directive[] = [];
  // Name, then "=" and a quoted string or a token; with /g it has a state, so it is made for each header. A name ends where a token
  // does, so that `no-store` counts whatever follows. Not \s, of which engines differ outside ASCII.
  const directive =
    /([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\x00-\x20,;"]*)))?/g;
  for (let match = directive.exec(cacheControl); match !== null; match = directive.exec(cacheControl)) {
    const value = match[2] === undefined ? match[3] : match[2];
    directives.push({ name: (match[1] as string).toLowerCase(), value });
  }
  return directives;
}

/**
 * For how many seconds the reply may be stored.
 * @param age the Age header's value; '' when absent
 * @returns 0 for "do not store": no-store, no-cache, private, or an age that is used up; undefined when the
 *   server names no lifetime. The gateway is a shared cache, so s-maxage goes before max-age. Of contradicting
 *   directives the most restrictive counts (RFC 9111 §4.2.1). Unknown directives are ignored (§5.2.3).
 */
export function freshnessSec(directives: readonly Directive[], age: string): number | undefined {
  let maxAgeSec: number | undefined;
  let sharedMaxAgeSec: number | undefined;
  for (let i = 0; i < directives.length; i++) {
    const directive = directives[i] as Directive;
    switch (directive.name) {
      case 'no-store':
      case 'no-cache':
      case 'private':
        return 0;
      case 'max-age':
        maxAgeSec = lesser(maxAgeSec, deltaSeconds(directive.value));
        break;
      case 's-maxage':
        sharedMaxAgeSec = lesser(sharedMaxAgeSec, deltaSeconds(directive.value));
        break;
      default:
        break;
    }
  }
  const lifetimeSec = sharedMaxAgeSec === undefined ? maxAgeSec : sharedMaxAgeSec;
  return lifetimeSec === undefined ? undefined : Math.max(0, lifetimeSec - ageSec(age));
}

/**
 * Whether the reply may not be used once its lifetime is over, also not while the server fails: must-revalidate,
 * proxy-revalidate, and s-maxage, which includes the latter (RFC 9111 §4.2.4, §5.2.2.2, §5.2.2.8, §5.2.2.10).
 */
export function forbidsStale(directives: readonly Directive[]): boolean {
  for (let i = 0; i < directives.length; i++) {
    const name = (directives[i] as Directive).name;
    if (name === 'must-revalidate' || name === 'proxy-revalidate' || name === 's-maxage') {
      return true;
    }
  }
  return false;
}

function lesser(known: number | undefined, found: number): number {
  return known === undefined ? found : Math.min(known, found);
}

/** 0, that is "stale already", for what is no number (RFC 9111 §4.2.1); what overflows is 2^31 (§1.2.2). */
function deltaSeconds(value: string | undefined): number {
  return value !== undefined && /^[0-9]+$(?!\n)/.test(value) ? Math.min(Number(value), MAX_DELTA_SEC) : 0;
}

/** Of a list the first member counts (RFC 9111 §5.1). */
function ageSec(age: string): number {
  return age === '' ? 0 : deltaSeconds((age.split(',')[0] as string).trim());
}
