// What the page tells of each step, which lines of nginx.conf it marks, and which button it suggests next.

/** @typedef {import('./requests.js').Call} Call */
/** @typedef {import('./demo_state.js').Facts} Facts */

/**
 * @typedef {object} Told
 * @property {string} text
 * @property {Partial<Record<keyof Facts['locations'], string[]>>} [lines]  words that a marked line holds, by location
 */

/**
 * The token that the client holds: `fresh` before its first call; `refused` when the gateway knows that it is not active.
 * @typedef {'none' | 'fresh' | 'served' | 'revoked' | 'purged' | 'refused'} TokenState
 */

/** @typedef {'hit' | 'revoked' | 'purged' | 'stale' | 'suspended' | 'stopped' | 'back'} Seen  parts of the tour */

/**
 * @typedef {object} Situation
 * @property {TokenState} tokenState
 * @property {boolean} isUp        the authorization server
 * @property {boolean} isWatching  calls every second
 * @property {Set<Seen>} seen
 */

/** @typedef {'get' | 'call' | 'watch' | 'unknown' | 'purge' | 'revoke' | 'power'} ButtonId */

/**
 * @param {Situation} situation
 * @returns {{id: ButtonId, label: string}}
 */
export function suggest({ tokenState, isUp, isWatching, seen }) {
  if (isWatching) return { id: 'watch', label: 'Stop calling' };
  if (!isUp) return suggestWhileDown(tokenState, seen);
  switch (tokenState) {
    case 'none':
      return { id: 'get', label: 'Get a token' };
    case 'refused':
      return { id: 'get', label: 'Get another token' };
    case 'fresh':
      return { id: 'call', label: 'Call the API' };
    case 'revoked':
      return { id: 'watch', label: 'Call every second' };
    case 'purged':
      return { id: 'call', label: 'Call with it' };
    case 'served':
      return suggestForServed(seen);
  }
}

/**
 * @param {TokenState} tokenState
 * @param {Set<Seen>} seen
 * @returns {{id: ButtonId, label: string}}
 */
function suggestWhileDown(tokenState, seen) {
  if (tokenState === 'purged') return { id: 'call', label: 'Call with it' };
  const mayBeStale = tokenState === 'served' || tokenState === 'revoked';
  if (!seen.has('stale') && mayBeStale) return { id: 'watch', label: 'Call every second' };
  if (!seen.has('suspended')) return { id: 'unknown', label: 'Call with an unknown token' };
  return { id: 'power', label: 'Start the server again' };
}

/**
 * @param {Set<Seen>} seen
 * @returns {{id: ButtonId, label: string}}
 */
function suggestForServed(seen) {
  if (!seen.has('hit')) return { id: 'call', label: 'Call again' };
  if (!seen.has('revoked')) return { id: 'revoke', label: 'Revoke the token' };
  if (!seen.has('purged')) return { id: 'purge', label: 'Purge the token' };
  if (!seen.has('stopped')) return { id: 'power', label: 'Stop the server' };
  return { id: 'call', label: 'Call the API' };
}

/** @type {Told} */
export const GOT_TOKEN = {
  text: 'The client has a token: 43 characters of chance. Only the authorization server knows what they stand for. Call the API with it.',
};

/** @type {Told} */
export const REVOKED_UNSEEN = {
  text: 'Revoked before the gateway has ever seen it. The first call will be refused.',
};

/** @param {Facts} facts @returns {Told} */
export function tellRevoked({ cacheTtlSec }) {
  return {
    text: `Revoked, but the gateway has a record and asks nobody. A call each second shows how long it is served: to the end of the record, ${cacheTtlSec} seconds after the MISS.`,
    lines: { called: ['cache_ttl'] },
  };
}

/** @type {Told} */
export const PURGED = {
  text: 'Purged: an operator has told the gateway to forget the record. Call once more: how long is it served now?',
  lines: { purge: ['location', 'allow', 'deny', 'purge;'] },
};

/** @param {Facts} facts @returns {Told} */
export function tellStopped({ staleSec }) {
  return {
    text: `The authorization server is down. A known token is served from its record, and then as STALE for ${staleSec} seconds.`,
    lines: { called: ['cache_ttl', 'stale_if_error'] },
  };
}

/** @param {TokenState} tokenState @returns {Told} */
export function tellStarted(tokenState) {
  if (tokenState === 'purged') {
    return {
      text: 'The authorization server is back. The gateway still refuses this token, and asks nobody: an operator has purged it.',
      lines: { purge: ['purge;'] },
    };
  }
  if (tokenState === 'refused') {
    return {
      text: 'The authorization server is back, and issues tokens. The last one was refused: get another.',
    };
  }
  return {
    text: 'The authorization server is back, and knows its tokens. The gateway tries it again within five seconds.',
    lines: { called: ['breaker'] },
  };
}

/** @type {Told} */
export const STOPPED_CALLING = { text: 'The client has stopped calling.' };

/**
 * @param {Call} call  with the token that the client holds
 * @param {TokenState} before  the state of that token before the call
 * @param {Facts} facts
 * @param {boolean} isUp  the authorization server
 * @param {number | undefined} servedSec  how long it was served after it was revoked
 * @returns {Told}
 */
export function tellCall(call, before, facts, isUp, servedSec) {
  switch (call.outcome) {
    case 'miss':
      return {
        text: `${before === 'fresh' ? 'A token that the gateway had not seen.' : 'The gateway had no record of the token any more.'} ${tellWhoSigned(facts)} The API got the JWT, and the gateway keeps it for ${facts.cacheTtlSec} seconds.`,
        lines: {
          called: ['token on', 'introspection_endpoint', 'protect.conf', 'proxy_pass'],
          introspect: ['introspection.conf', 'proxy_pass'],
        },
      };
    case 'hit':
      if (!isUp) return tellHitWhileDown(facts);
      if (before === 'revoked') return tellRevoked(facts);
      return {
        text: 'The JWT came from memory that all workers of nginx share, and nobody was asked. Compare the time with that of the MISS.',
        lines: { called: ['cache_ttl', 'protect.conf'] },
      };
    case 'stale':
      if (isUp) return STALE_WHILE_UP;
      return {
        text: `The record has ended and nobody answers: the gateway serves it for up to ${facts.staleSec} seconds more, and users notice nothing. And a token that it does not know?`,
        lines: { called: ['stale_if_error'] },
      };
    case 'denied':
      return tellDenied(before, servedSec);
    case 'down':
      return tellDown(call, isUp);
  }
}

/** @param {Facts} facts @returns {Told} */
function tellHitWhileDown({ staleSec }) {
  return {
    text: `The authorization server is down, and the record still answers: users notice nothing. After its end it is served as STALE for up to ${staleSec} seconds.`,
    lines: { called: ['cache_ttl', 'stale_if_error'] },
  };
}

/** @type {Told} */
const STALE_WHILE_UP = {
  text: 'The authorization server is back, but the gateway has not tried it again: it does so within five seconds. Until then it serves the stale record.',
  lines: { called: ['stale_if_error', 'breaker'] },
};

/** @param {Facts} facts */
function tellWhoSigned({ server }) {
  switch (server) {
    case 'jwt':
      return 'It asked the authorization server, which answered with a JWT.';
    case 'json':
      return 'It asked the authorization server, which answered with JSON, and signed a JWT itself.';
    case 'rfc9701':
      return 'It asked the authorization server, verified the signature of the answer, and signed a JWT itself.';
  }
}

/**
 * @param {TokenState} before
 * @param {number | undefined} servedSec
 * @returns {Told}
 */
function tellDenied(before, servedSec) {
  if (before === 'purged') {
    return {
      text: 'Refused at once. After a purge nobody is asked, and nothing reaches the API.',
      lines: { purge: ['purge;'] },
    };
  }
  if (servedSec !== undefined) {
    return {
      text: `The record has ended, the gateway asked again: not active. The token was served for ${servedSec.toFixed(1)} seconds after it was revoked. A shorter cache_ttl costs more questions; a purge ends it at once.`,
      lines: { called: ['cache_ttl', 'introspection_endpoint'] },
    };
  }
  return {
    text: 'The token is not active, so nothing reaches the API. The reason is in the access log.',
  };
}

/**
 * @param {Call} call
 * @param {boolean} isUp
 * @returns {Told}
 */
function tellDown({ status }, isUp) {
  if (isUp) {
    return {
      text: 'The authorization server is back, but the gateway does not know it yet: it tries again within five seconds.',
      lines: { called: ['breaker'] },
    };
  }
  if (status === 503) {
    return {
      text: 'Answered at once: after two failures in a row the gateway asks nobody for five seconds, so that no client waits for a server that is down.',
      lines: { called: ['breaker'] },
    };
  }
  return {
    text: 'Never 401: the token may be good, and a client would throw it away. But nobody can say, so nothing reaches the API. Call once more: what comes after two failures?',
    lines: {
      called: ['introspection_endpoint', 'breaker'],
      introspect: ['limits.conf', 'proxy_pass'],
    },
  };
}

/**
 * @param {Call} call  with a token that nobody issued
 * @param {boolean} isUp
 * @returns {Told}
 */
export function tellUnknown(call, isUp) {
  if (call.outcome === 'down') return tellDown(call, isUp);
  return {
    text: 'The gateway asked, and the authorization server does not know this token. Nothing reaches the API. The gateway remembers that for some seconds.',
    lines: { called: ['introspection_endpoint', 'protect.conf'] },
  };
}
