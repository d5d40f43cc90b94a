// The page of the demo: what the client holds, what the gateway keeps of it, and what each button does.
import { callApi, fetchFacts, getToken, inventToken, purge, revoke, switchServer } from './requests.js';
import {
  GOT_TOKEN,
  PURGED,
  REVOKED_UNSEEN,
  STOPPED_CALLING,
  suggest,
  tellCall,
  tellRevoked,
  tellStarted,
  tellStopped,
  tellUnknown,
} from './tour.js';
import * as view from './view.js';

/** @typedef {import('./requests.js').Call} Call */
/** @typedef {import('./tour.js').ButtonId} ButtonId */
/** @typedef {{ends: (call: Call) => boolean, lastCall?: Promise<Call>}} Watch  calls every second, until an answer ends them */

const WATCH_INTERVAL_MS = 1000;
const MOST_WATCHED = 90;
const RECORD_INTERVAL_MS = 100;
const TOKEN_NOTE = '43 characters of chance: no name, no scope, no date to read.';

/** @type {import('./demo_state.js').Facts} */
let facts;
/** @type {import('./demo_state.js').DemoState | undefined} undefined without a connection */
let demo;
/** @type {string | undefined} */
let token;
/** @type {import('./tour.js').TokenState} */
let tokenState = 'none';
/** @type {Set<import('./tour.js').Seen>} */
const seen = new Set();
/** When the record ends, in the time of `performance.now()`; undefined when there is none. @type {number | undefined} */
let recordEndsMs;
/** @type {number | undefined} */
let revokedMs;
/** Of the last call that was served. */
let servedMs = 0;
/** @type {Watch | undefined} */
let watching;
let isBusy = false;

/** @type {Record<ButtonId, () => Promise<void>>} */
const ACTIONS = {
  async get() {
    await stopWatching();
    token = await getToken();
    tokenState = 'fresh';
    recordEndsMs = undefined;
    revokedMs = undefined;
    view.showToken(token, TOKEN_NOTE);
    tell(GOT_TOKEN);
  },
  async call() {
    if (token !== undefined) await callWith(token);
  },
  async watch() {
    if (watching === undefined) {
      watchUntil(() => false);
      return;
    }
    await stopWatching();
    tell(STOPPED_CALLING);
  },
  async unknown() {
    // The next call of the client would hide this answer.
    await stopWatching();
    const unknown = inventToken();
    const call = await callApi(unknown);
    showCall(call, unknown);
    if (call.status === 503) seen.add('suspended');
    tell(tellUnknown(call, isServerUp()), call);
  },
  async revoke() {
    if (token === undefined) return;
    await revoke(token);
    revokedMs = performance.now();
    servedMs = revokedMs;
    seen.add('revoked');
    const wasSeen = recordEndsMs !== undefined;
    tokenState = 'revoked';
    view.showToken(token, 'Revoked at the authorization server. It looks as before.');
    tell(wasSeen ? tellRevoked(facts) : REVOKED_UNSEEN);
    if (wasSeen) watchUntil(({ outcome }) => outcome !== 'hit');
  },
  async purge() {
    if (token === undefined) return;
    await stopWatching();
    await purge(token);
    seen.add('purged');
    tokenState = 'purged';
    recordEndsMs = undefined;
    view.showToken(token, 'Purged at the gateway. The authorization server still calls it active.');
    tell(PURGED);
  },
  async power() {
    const isUp = isServerUp();
    await switchServer(isUp ? 'stop' : 'start');
    if (demo !== undefined) {
      demo = { ...demo, authorizationServer: isUp ? 'down' : 'up' };
      view.showServers(demo);
    }
    if (isUp) seen.add('stopped');
    tell(isUp ? tellStopped(facts) : tellStarted(tokenState));
    if (recordEndsMs === undefined) return;
    if (isUp) watchUntil(({ outcome }) => outcome !== 'hit');
    else watchUntil(({ outcome }) => outcome !== 'stale');
  },
};

function isServerUp() {
  return demo?.authorizationServer === 'up';
}

/** @param {string} used */
async function callWith(used) {
  const before = tokenState;
  const sentMs = performance.now();
  const call = await callApi(used);
  if (used !== token || before !== tokenState) return call; // it was replaced, revoked or purged meanwhile
  const nowMs = performance.now();
  let servedSec;
  switch (call.outcome) {
    case 'miss':
      recordEndsMs = nowMs + facts.cacheTtlSec * 1000;
      if (tokenState === 'fresh') tokenState = 'served';
      if (seen.has('stopped')) seen.add('back');
      break;
    case 'hit':
      seen.add('hit');
      break;
    case 'stale':
      seen.add('stale');
      break;
    case 'denied':
      if (revokedMs !== undefined && before === 'revoked' && recordEndsMs !== undefined) {
        servedSec = (servedMs - revokedMs) / 1000;
      }
      tokenState = 'refused';
      recordEndsMs = undefined;
      view.showToken(used, 'Refused: the gateway knows that it is not active.', true);
      break;
    case 'down':
  }
  if (call.arrived !== undefined) servedMs = sentMs;
  showCall(call, used);
  tell(tellCall(call, before, facts, isServerUp(), servedSec), call);
  return call;
}

/** Calls now and each second. @param {(call: Call) => boolean} ends */
function watchUntil(ends) {
  if (watching !== undefined) {
    watching.ends = ends;
    return;
  }
  watching = { ends };
  void watch(watching);
}

/** Resolves when the last call is answered and shown. */
async function stopWatching() {
  const lastCall = watching?.lastCall;
  watching = undefined;
  await lastCall?.catch(() => {}); // watch() tells of it
}

/** @param {Watch} own */
async function watch(own) {
  for (let count = 0; count < MOST_WATCHED && watching === own && token !== undefined; count++) {
    try {
      own.lastCall = callWith(token);
      const call = await own.lastCall;
      if (own.ends(call) || call.outcome === 'denied') break;
    } catch (error) {
      tellFailure(error);
      break;
    }
    showSituation();
    await new Promise((resolve) => setTimeout(resolve, WATCH_INTERVAL_MS));
  }
  if (watching === own) watching = undefined;
  showSituation();
}

/** @param {Call} call @param {string} used  the token that the client has sent */
function showCall(call, used) {
  const { outcome, status, cacheStatus, arrived } = call;
  const isAsked = outcome === 'miss' || (outcome === 'denied' && cacheStatus === 'MISS');
  view.showAnswer(call);
  view.showWire('in', outcome, used === token ? 'opaque token' : 'unknown token', { credential: used });
  if (isAsked) {
    view.showWire('ask', outcome, outcome === 'miss' ? 'asked: active' : 'asked: not active', {
      delaySec: 0.35,
    });
  } else if (isServerUp() && (outcome === 'down' || outcome === 'stale')) {
    view.showWire('ask', undefined, 'not tried again yet');
  } else if (status === 503) {
    view.showWire('ask', undefined, 'not asked: suspended');
  } else if (outcome === 'down' || outcome === 'stale') {
    view.showWire('ask', 'down', 'no answer', { delaySec: 0.35 });
  } else {
    view.showWire('ask', undefined, 'not asked');
  }
  if (arrived === undefined) {
    view.showWire('out', undefined, 'nothing');
    return;
  }
  const credential = arrived.authorization.replace('Bearer ', '');
  view.showWire('out', outcome, 'JWT', { credential, delaySec: isAsked ? 0.9 : 0.35 });
}

/** @param {import('./tour.js').Told} told @param {Call} [call]  of which it tells */
function tell({ text, lines }, call) {
  view.showTold(text, call);
  view.showConf(facts, lines);
}

/** @param {unknown} error */
function tellFailure(error) {
  view.showTold(`This did not work: ${error instanceof Error ? error.message : error}.`);
}

function showRecord() {
  if (tokenState === 'purged') return view.showRecord('purged', 'purged: refused without asking', 0);
  if (tokenState === 'refused') return view.showRecord('refused', 'not active: refused', 0);
  if (recordEndsMs === undefined) return view.showRecord('none', 'none: the next call asks', 0);
  const leftMs = recordEndsMs - performance.now();
  const leftStaleMs = leftMs + facts.staleSec * 1000;
  if (leftMs > 0) {
    const text = `JWT kept, ${Math.ceil(leftMs / 1000)} s to its end`;
    return view.showRecord('stored', text, leftMs / (facts.cacheTtlSec * 1000));
  }
  if (leftStaleMs < 0) return view.showRecord('none', 'none: it is gone', 0);
  const text = `ended; stale for ${Math.ceil(leftStaleMs / 1000)} s more`;
  return view.showRecord('stale', text, leftStaleMs / (facts.staleSec * 1000));
}

/** What can be done now, and what is suggested. */
function showSituation() {
  const isReady = demo?.ready === true && facts !== undefined;
  const isUp = isServerUp();
  const isWatching = watching !== undefined;
  const hasToken = token !== undefined;
  view.setUsable('get', isReady && isUp);
  view.setUsable('call', isReady && hasToken);
  view.setUsable('watch', isReady && hasToken);
  view.setUsable('unknown', isReady);
  view.setUsable('purge', isReady && hasToken && tokenState !== 'fresh');
  view.setUsable('revoke', isReady && hasToken && isUp && revokedMs === undefined);
  view.setUsable('power', isReady);
  view.setUsable('next', isReady);
  view.element('watch').setAttribute('aria-pressed', String(isWatching));
  const { id, label } = suggest({ tokenState, isUp, isWatching, seen });
  view.write('next', label);
  view.showSuggested(isReady ? id : undefined);
}

/** @param {ButtonId} id */
async function act(id) {
  if (isBusy || view.element(id).getAttribute('aria-disabled') === 'true') return;
  isBusy = true;
  try {
    await ACTIONS[id]();
  } catch (error) {
    tellFailure(error);
  }
  isBusy = false;
  showSituation();
}

function followDemo() {
  const events = new EventSource('/demo/events');
  events.addEventListener('open', view.emptyLog);
  events.addEventListener('state', ({ data }) => {
    const wasReady = demo?.ready;
    const state = /** @type {import('./demo_state.js').DemoState} */ (JSON.parse(data));
    demo = state;
    view.showServers(state);
    if (!state.ready)
      view.showTold('The walk in the terminal still runs. The buttons work as soon as it has ended.');
    else if (!wasReady) view.showTold('All is ready. Begin as a client does: get a token.');
    showSituation();
  });
  events.addEventListener('log', ({ data }) => view.addToLog(JSON.parse(data)));
  events.addEventListener('error', () => {
    demo = undefined;
    view.showTold('The demo cannot be reached. If it has ended, start it again: npm start');
    showSituation();
  });
}

for (const id of /** @type {ButtonId[]} */ (Object.keys(ACTIONS))) {
  view.element(id).addEventListener('click', () => void act(id));
}
view.element('next').addEventListener('click', () => {
  if (view.element('next').getAttribute('aria-disabled') === 'true') return;
  void act(suggest({ tokenState, isUp: isServerUp(), isWatching: watching !== undefined, seen }).id);
});

showSituation();
try {
  facts = await fetchFacts();
  view.showFacts(facts);
  view.showConf(facts);
  setInterval(showRecord, RECORD_INTERVAL_MS);
  followDemo();
} catch (error) {
  tellFailure(error);
}
