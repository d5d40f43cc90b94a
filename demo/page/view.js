// What the page shows: the only file that touches the document, except for the buttons' clicks.

/** @typedef {import('./requests.js').Call} Call */
/** @typedef {import('./demo_state.js').Facts} Facts */

const ROWS_SHOWN = 9;
const LINES_SHOWN = 14;
/** In the order of the page. */
const BLOCKS = /** @type {const} */ (['called', 'introspect', 'purge']);
/** Claims that are times, in epoch seconds. */
const TIMES = ['exp', 'iat', 'nbf', 'auth_time'];

/** @type {Pick<Call, 'outcome' | 'status' | 'cacheStatus' | 'durationMs'>[]} newest first */
const calls = [];

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * @param {string} tag
 * @param {string} text
 * @param {string} [className]
 */
function newElement(tag, text, className = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

/** @param {string} id @param {string} text  written only when it changes, so that it is not announced again */
export function write(id, text) {
  const target = element(id);
  if (target.textContent !== text) target.textContent = text;
}

/** @param {Facts} facts */
export function showFacts({ nginxVersion, njsVersion }) {
  write('versions', `on nginx ${nginxVersion} with njs ${njsVersion}`);
}

/** @param {string | undefined} token @param {string} note @param {boolean} [isGone] */
export function showToken(token, note, isGone = false) {
  const target = element('token');
  target.toggleAttribute('data-empty', token === undefined);
  target.classList.toggle('gone', isGone);
  write('token', token ?? 'none yet');
  write('token-note', note);
}

/** @param {Call} call */
function badgeOf({ outcome, status, cacheStatus }) {
  const text = cacheStatus === '' ? `${status}` : `${status} ${cacheStatus}`;
  return newElement('span', text, `badge ${toneOf(outcome)}`);
}

/** @param {Call['outcome']} outcome */
function toneOf(outcome) {
  return outcome === 'down' ? 'down-answer' : outcome;
}

/**
 * What happened last.
 * @param {string} text
 * @param {Call} [call]  when it was a call
 */
export function showTold(text, call) {
  const answer = element('answer');
  answer.hidden = call === undefined;
  if (call !== undefined) {
    answer.replaceChildren(badgeOf(call), newElement('span', `${call.durationMs.toFixed(1)} ms`, 'note'));
  }
  write('told', text);
}

/** @param {Call} call */
export function showAnswer(call) {
  showArrived(call);
  calls.unshift(call);
  calls.splice(ROWS_SHOWN);
  const longestMs = Math.max(...calls.map(({ durationMs }) => durationMs));
  element('answers').replaceChildren(...calls.map((shown) => rowOf(/** @type {Call} */ (shown), longestMs)));
}

/** @param {Call} call @param {number} longestMs */
function rowOf(call, longestMs) {
  const row = newElement('li', '', toneOf(call.outcome));
  const badge = newElement('span', '');
  badge.append(badgeOf(call));
  const bar = newElement('span', '', 'bar');
  const filled = newElement('span', '');
  filled.style.width = `${(100 * call.durationMs) / longestMs}%`;
  bar.append(filled);
  row.append(badge, bar, newElement('span', `${call.durationMs.toFixed(1)} ms`, 'ms'));
  return row;
}

/** @param {Call} call */
function showArrived({ arrived, outcome }) {
  const target = element('jwt');
  element('jwt-box').toggleAttribute('data-empty', arrived === undefined);
  element('decoded').hidden = arrived === undefined;
  if (arrived === undefined) {
    const reason = outcome === 'down' ? 'nobody could vouch for the token' : 'the token was refused';
    target.textContent = `nothing: ${reason}`;
    write('jwt-note', 'The gateway answered the client itself.');
    return;
  }
  const jwt = arrived.authorization.replace('Bearer ', '');
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  target.replaceChildren(
    newElement('span', header, 'head'),
    '.',
    newElement('span', claims, 'claims'),
    '.',
    newElement('span', signature, 'signature'),
  );
  write(
    'jwt-note',
    `${jwt.length} characters: header, claims, signature. The API verifies it, and never sees the client's token.`,
  );
  element('jwt-header').replaceChildren(...termsOf(arrived.jwt.header));
  element('jwt-claims').replaceChildren(...termsOf(arrived.jwt.claims));
}

/** @param {Record<string, unknown>} members */
function termsOf(members) {
  return Object.entries(members).flatMap(([name, value]) => {
    const description = newElement('dd', typeof value === 'string' ? value : JSON.stringify(value));
    if (TIMES.includes(name) && typeof value === 'number') {
      description.append(' ', newElement('small', new Date(value * 1000).toLocaleTimeString()));
    }
    return [newElement('dt', name), description];
  });
}

/**
 * @param {'in' | 'ask' | 'out'} name
 * @param {string | undefined} passed  the colour; undefined when nothing passed
 * @param {string} carried  what passed, in words
 * @param {{credential?: string, delaySec?: number}} [packet]  credential: that of the request
 */
export function showWire(name, passed, carried, { credential = '', delaySec = 0 } = {}) {
  const wire = element(`wire-${name}`);
  write(`carried-${name}`, carried);
  const short = credential === '' ? '' : `${credential.slice(0, 6)}…`;
  if (name !== 'ask') {
    write(`text-${name}`, short);
    write(`short-${name}`, short);
  }
  wire.classList.remove('running');
  if (passed === undefined) {
    delete wire.dataset.passed;
    return;
  }
  wire.dataset.passed = passed;
  const moving = wire.querySelector('.packet');
  if (moving !== null) moving.textContent = short || '?';
  wire.style.setProperty('--delay', `${delaySec}s`);
  // Reading a size lets the browser begin the animation anew.
  void wire.offsetWidth;
  wire.classList.add('running');
}

/**
 * @param {'none' | 'stored' | 'stale' | 'purged' | 'refused'} state
 * @param {string} text
 * @param {number} left  part of its life, from 0 to 1
 */
export function showRecord(state, text, left) {
  element('record').dataset.state = state;
  write('record-text', text);
  element('life').style.transform = `scaleX(${Math.max(0, Math.min(1, left))})`;
}

/** @param {import('./demo_state.js').DemoState} state */
export function showServers({ authorizationServer, introspections, apiRequests }) {
  const isUp = authorizationServer === 'up';
  const { classList } = element('server-card');
  // What the wire shows was true of the server that was down.
  if (isUp && classList.contains('down')) showWire('ask', undefined, 'asked on a miss only');
  classList.toggle('down', !isUp);
  write('server-state', isUp ? 'up' : 'down');
  write('power', isUp ? 'Stop it' : 'Start it');
  write('introspections', String(introspections));
  write('api-requests', String(apiRequests));
}

/**
 * @param {Facts} facts
 * @param {import('./tour.js').Told['lines']} marked
 */
export function showConf({ locations }, marked = {}) {
  const lines = BLOCKS.flatMap((name, index) => {
    const words = marked[name] ?? [];
    const shown = locations[name].split('\n').map((line) => {
      const isUsed = words.some((word) => line.includes(word));
      return newElement('span', line, isUsed ? 'used' : '');
    });
    return index === 0 ? shown : [newElement('span', ''), ...shown];
  });
  element('conf').replaceChildren(...lines);
}

export function emptyLog() {
  element('log').replaceChildren();
}

/** @param {string} line */
export function addToLog(line) {
  const log = element('log');
  log.append(newElement('span', line));
  while (log.childElementCount > LINES_SHOWN) log.firstElementChild?.remove();
}

/** Not `disabled`, which would take the keyboard's focus away. @param {string} id @param {boolean} isUsable */
export function setUsable(id, isUsable) {
  element(id).setAttribute('aria-disabled', String(!isUsable));
}

/** @param {string | undefined} id  of the button that the tour suggests */
export function showSuggested(id) {
  for (const button of document.querySelectorAll('.way button')) {
    button.classList.toggle('suggested', button.id === id);
  }
}
