// How long a token passes after it was ended: the ways to end one, a gateway for each, and one try of each.
import { generateKeyPairSync } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { replaceOnce, SHIPPED_SCRIPT } from '../test/support/altered_script.js';
import { AUDIENCE } from './jwt.js';
import { BenchError } from './program.js';
import { chanceOf, ISSUER, KEYS_PATH, type RevocationServer } from './revocation_server.js';
import type { Row, RowWords } from './rows.js';
import { NAME_WORKER, type Sent, type SteadyClients } from './steady_clients.js';

const SNIPPETS = fileURLToPath(new URL('../nginx', import.meta.url));

export interface RevocationSetup {
  readonly name: string;
  readonly title: string;
  readonly engine: 'njs' | 'qjs';
  readonly mode: 'access' | 'auth_request';
}

export const SETUPS: readonly RevocationSetup[] = [
  { name: 'access-njs', title: 'access mode, njs', engine: 'njs', mode: 'access' },
  { name: 'access-qjs', title: 'access mode, QuickJS', engine: 'qjs', mode: 'access' },
  { name: 'auth-request-njs', title: 'auth_request mode, njs', engine: 'njs', mode: 'auth_request' },
];

/** `$phantom_token_cache_ttl` where a record has to end before the last request is refused; 300 as shipped. */
export const CACHE_TTL_SEC = 1;
/** For how long a key set is used in the altered script; 300 as shipped. */
export const KEYS_FRESH_SEC = 1;
export const SHIPPED_KEYS_FRESH_SEC = 300;
/** Between two fetches of keys in the altered script; 30 s as shipped. */
export const KEYS_PAUSE_MS = 100;

/** What one try has found: for each figure of its case, the milliseconds from the end to the last request; 0 when none came after it. */
export type Delays = Readonly<Record<string, number>>;

export interface Figure {
  readonly name: string;
  /** What a record and a key set may live in this run; 0 where only requests under way can come after the end. */
  readonly limitMs: number;
}

export interface RevocationCase {
  readonly name: string;
  /** What a try finds. */
  readonly figures: readonly Figure[];
  /**
   * Tries at the same time, and clients that send in each. Few enough that requests do not wait for a CPU, and that QuickJS has
   * a context for each at hand.
   */
  readonly lanes: number;
  readonly clients: number;
  /** Lines of the server. @param protect  what a protected location includes */
  locations(words: RowWords, protect: string): string;
  /** Default: all. */
  readonly setups?: readonly RevocationSetup[];
  /** The text of the script that runs; default the shipped one. */
  readonly script?: string;
  attempt(words: TryWords): Promise<Delays>;
}

export interface TryWords {
  readonly url: string;
  /** Folder of the gateway's files. */
  readonly prefix: string;
  readonly server: RevocationServer;
  readonly clients: SteadyClients;
  readonly lane: number;
  /** Of all tries of the case. */
  readonly index: number;
  readonly seed: string;
}

const PROXY = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://api;';

function protectedLocation(settings: string, protect: string): string {
  return `location / {
      set $phantom_token on;
      set $phantom_token_introspection_endpoint /introspect;
      ${settings}
      ${protect}
      ${PROXY}
    }`;
}

const INTROSPECTION = `location = /introspect {
      include ${SNIPPETS}/introspection_limits.conf;
      include ${SNIPPETS}/introspection.conf;
      proxy_pass http://login.bench;
    }`;

/** The gateway of one case in one set-up. */
export function revocationRow(found: RevocationCase, setup: RevocationSetup): Row {
  const isAccess = setup.mode === 'access';
  const folder = isAccess ? SNIPPETS : `${SNIPPETS}/auth_request`;
  return {
    name: `${found.name}, ${setup.name}`,
    title: setup.title,
    runtime: 'modern',
    workloads: [],
    forwards: 'jwt',
    bare: 'bare',
    introspects: true,
    files: { 'js/phantom_token.js': found.script ?? SHIPPED_SCRIPT },
    http: (words) => `
  js_engine ${setup.engine};
  variables_hash_bucket_size 128;
  js_path ${words.prefix}/js;
  include ${SNIPPETS}/zones.conf;
  include ${SNIPPETS}/http.conf;
  server {
    listen ${words.listen} reuseport backlog=4096;  # reuseport spreads the clients over the workers
    server_name gateway.bench;
    access_log off;
    keepalive_requests 1000000000;
    ${NAME_WORKER}
    ${isAccess ? '' : `include ${folder}/server.conf;`}
    ${found.locations(words, `include ${folder}/protect.conf;`)}
  }`,
  };
}

/** The requests of one try, with one token or of one kind. */
export interface Watch {
  note(sent: Sent): void;
  /** Resolves when each client has passed that often. */
  passed(times: number): Promise<void>;
  readonly isRefusedToAll: boolean;
  /** From that moment to the last request that reached the API; 0 when none did. */
  delayMs(endedMs: number): number;
  /** How many were sent after that moment, and passed. */
  passedOf(sentAfterMs: number): number;
}

/** @throws {BenchError} in `note`, when an answer is neither 200 nor 401 */
export function watchClients(clients: readonly number[]): Watch {
  const passes = new Map(clients.map((client) => [client, 0]));
  const refused = new Set<number>();
  const passedSentMs: number[] = [];
  let lastPassedMs = 0;
  let waiting: { times: number; resolve: () => void } | undefined;
  const havePassed = (times: number) => [...passes.values()].every((count) => count >= times);
  return {
    note({ client, status, sentMs, passedMs }) {
      if (status !== 200 && status !== 401) throw new BenchError(`an answer was ${status}`);
      if (passedMs === undefined) {
        refused.add(client);
        return;
      }
      passes.set(client, (passes.get(client) ?? 0) + 1);
      lastPassedMs = Math.max(lastPassedMs, passedMs);
      passedSentMs.push(sentMs);
      if (waiting !== undefined && havePassed(waiting.times)) waiting.resolve();
    },
    passed: (times) =>
      new Promise((resolve) => {
        waiting = { times, resolve };
        if (havePassed(times)) resolve();
      }),
    get isRefusedToAll() {
      return clients.every((client) => refused.has(client));
    },
    delayMs: (endedMs) => Math.max(0, lastPassedMs - endedMs),
    passedOf: (sentAfterMs) => passedSentMs.filter((sentMs) => sentMs > sentAfterMs).length,
  };
}

/** Lets what comes at once with the first refusal come too, so that a token that passes again would be seen. */
const REFUSALS_AFTER_THE_LAST = 3;

/**
 * Clients send until each of them was refused, and some requests longer.
 * @param end  ends the token once it is in use; resolves with the moment
 */
async function sendUntilRefused(
  clients: SteadyClients,
  watchOf: (client: number) => Watch,
  requestOf: Parameters<SteadyClients['keepSending']>[0],
  end: () => Promise<number>,
): Promise<number> {
  const watches = new Set(Array.from({ length: clients.count }, (_, client) => watchOf(client)));
  let isEnded = false;
  let left = REFUSALS_AFTER_THE_LAST * clients.count;
  const isOver = () => isEnded && [...watches].every((watch) => watch.isRefusedToAll) && left-- <= 0;
  const sending = clients.keepSending(requestOf, (sent) => watchOf(sent.client).note(sent), isOver);
  const ending = end().finally(() => {
    isEnded = true;
  });
  const [endedMs] = await Promise.all([ending, sending]);
  return endedMs;
}

const numbersTo = (count: number) => Array.from({ length: count }, (_, index) => index);

/** A token is revoked at the authorization server, which nobody tells the gateway. */
const revocation: RevocationCase = {
  name: 'revocation',
  figures: [{ name: 'token', limitMs: CACHE_TTL_SEC * 1000 }],
  lanes: 70,
  clients: 3,
  locations: (_words, protect) => `
    ${protectedLocation(`set $phantom_token_cache_ttl ${CACHE_TTL_SEC};`, protect)}
    ${INTROSPECTION}`,
  async attempt({ clients, server, index, seed }) {
    const token = `opaque-token-of-the-benchmark-revoked-${index}`;
    const watch = watchClients(numbersTo(clients.count));
    const endedMs = await sendUntilRefused(
      clients,
      () => watch,
      () => ({ path: '/', token }),
      async () => {
        await watch.passed(1);
        await delay(chanceOf(seed, index) * CACHE_TTL_SEC * 1000); // at any moment in the life of a record
        server.revoke(token);
        return Date.now();
      },
    );
    return { token: watch.delayMs(endedMs) };
  },
};

/** A token is purged: from the moment when the purge is sent, and from that of its answer. */
const purge: RevocationCase = {
  name: 'purge',
  figures: [
    { name: 'sent', limitMs: 0 },
    { name: 'answered', limitMs: 0 },
  ],
  lanes: 8,
  clients: 4,
  locations: (_words, protect) => `
    ${protectedLocation('', protect)}
    ${INTROSPECTION}
    location = /purge {
      set $phantom_token_introspection_endpoint /introspect;
      js_content phantom_token.purge;
    }`,
  async attempt({ clients, url, index, seed }) {
    const token = `opaque-token-of-the-benchmark-purged-${index}`;
    const watch = watchClients(numbersTo(clients.count));
    let answeredMs = 0;
    const sentMs = await sendUntilRefused(
      clients,
      () => watch,
      () => ({ path: '/', token }),
      async () => {
        await watch.passed(1 + Math.floor(chanceOf(seed, index) * 10));
        const purgedMs = Date.now();
        const answer = await fetch(`${url}/purge`, { method: 'POST', body: new URLSearchParams({ token }) });
        answeredMs = Date.now();
        if (answer.status !== 200) throw new BenchError(`the purge was answered ${answer.status}`);
        return purgedMs;
      },
    );
    const late = watch.passedOf(answeredMs);
    if (late > 0) throw new BenchError(`${late} requests passed that were sent after the purge was answered`);
    return { sent: watch.delayMs(sentMs), answered: watch.delayMs(answeredMs) };
  },
};

/** What the gateway proves itself by: what its file holds, and how the server gets to know it, in place of another. */
interface Credential {
  readonly text: string;
  tell(server: RevocationServer, client: string): void;
}

/**
 * It is replaced in its file, and at the same moment the server knows the new one alone.
 * @param settings  of the location, by the path of that file
 */
function replacedCredential(
  name: string,
  settings: (file: string) => string,
  newCredential: (value: string) => Credential,
): RevocationCase {
  const fileOf = (prefix: string, lane: string) => `${prefix}/${name}-${lane}`;
  return {
    name,
    figures: [{ name: 'question', limitMs: 0 }],
    lanes: 8,
    clients: 4,
    locations: ({ prefix }, protect) => `
    ${protectedLocation(
      `set $phantom_token_cache_ttl 0;
      set $phantom_token_client_id gateway-$arg_lane;
      ${settings(fileOf(prefix, '$arg_lane'))}`,
      protect,
    )}
    ${INTROSPECTION}`,
    attempt(words) {
      const client = `gateway-${words.lane}`;
      const file = fileOf(words.prefix, String(words.lane));
      return replaceWhileAsking(words, client, (value) => {
        const { text, tell } = newCredential(value);
        writeFileSync(`${file}.next`, text);
        renameSync(`${file}.next`, file); // at once, so that no request comes to the server in between
        tell(words.server, client);
      });
    },
  };
}

/** Each request asks, so that each needs the credential. @param replace  puts a new one in place, at once */
async function replaceWhileAsking(
  { clients, server, lane, index, seed }: TryWords,
  client: string,
  replace: (value: string) => void,
): Promise<Delays> {
  const replaceNow = (value: string) => {
    replace(value);
    return Date.now();
  };
  replaceNow(`before-${index}`);
  const atLeast = 1 + Math.floor(chanceOf(seed, index) * 4);
  const served = new Set<number>();
  const passes = new Map<number, number>();
  let inUse = () => {};
  const used = new Promise<void>((resolve) => {
    inUse = resolve;
  });
  let replacedMs: number | undefined;
  let sent = 0;
  const sending = clients.keepSending(
    // Each request has a new token, so that each asks.
    () => ({ path: `/?lane=${lane}`, token: `opaque-token-of-the-benchmark-${index}-${sent++}` }),
    (answer) => {
      // 502: the server has refused the old one.
      if (answer.status !== 200 && answer.status !== 502)
        throw new BenchError(`an answer was ${answer.status}`);
      if (answer.status !== 200) return;
      passes.set(answer.client, (passes.get(answer.client) ?? 0) + 1);
      if (passes.size === clients.count && Math.min(...passes.values()) >= atLeast) inUse();
      if (replacedMs !== undefined && answer.sentMs > replacedMs) served.add(answer.client);
    },
    () => served.size === clients.count,
  );
  const replacing = used.then(() => {
    replacedMs = replaceNow(`after-${index}`);
    return replacedMs;
  });
  const [endedMs] = await Promise.all([replacing, sending]);
  return { question: Math.max(0, (server.lastRefusedMs(client) ?? 0) - endedMs) };
}

const secret = replacedCredential(
  'secret',
  (file) => `set $phantom_token_client_secret_file ${file};`,
  (value) => ({ text: value, tell: (server, client) => server.setSecret(client, value) }),
);

/** private_key_jwt (RFC 7523): the gateway keeps the assertion that the key has signed, until the server refuses it. */
const assertion = replacedCredential(
  'assertion',
  (file) => `set $phantom_token_client_auth private_key_jwt;
      set $phantom_token_client_key_file ${file};
      set $phantom_token_client_key_algorithm ES256;
      set $phantom_token_client_assertion_audience ${ISSUER};`,
  () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const text = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    return { text, tell: (server, client) => server.setKey(client, publicKey) };
  },
);

/** The script with a shorter pause between two fetches of keys, and another life of a key set. */
function withKeyTimes(freshSec: number): string {
  const isFresh = replaceOnce(
    SHIPPED_SCRIPT,
    `var FRESH_SEC = ${SHIPPED_KEYS_FRESH_SEC};`,
    `var FRESH_SEC = ${freshSec};`,
  );
  return replaceOnce(isFresh, 'var FETCH_PAUSE_MS = 3e4;', `var FETCH_PAUSE_MS = ${KEYS_PAUSE_MS};`);
}

/** Each try has a partition and a key set of its own. */
function verifyingLocations(protect: string): string {
  return `
    ${protectedLocation(
      `set $phantom_token_cache_ttl ${CACHE_TTL_SEC};
      set $phantom_token_partition try-$arg_try;
      set $phantom_token_jwks ${KEYS_PATH}$arg_try;
      set $phantom_token_accept_jwt on;
      set $phantom_token_issuer ${ISSUER};
      set $phantom_token_audience ${AUDIENCE};`,
      protect,
    )}
    ${INTROSPECTION}
    location ${KEYS_PATH} {
      include ${SNIPPETS}/jwks.conf;
      proxy_pass http://login.bench;
    }`;
}

/** A key leaves the server's set. Clients present JWTs by it: one of them a new one each time, the others always the same. */
const key: RevocationCase = {
  name: 'key',
  figures: [
    { name: 'new', limitMs: KEYS_FRESH_SEC * 1000 },
    { name: 'cached', limitMs: (KEYS_FRESH_SEC + CACHE_TTL_SEC) * 1000 },
  ],
  lanes: 50,
  clients: 3,
  script: withKeyTimes(KEYS_FRESH_SEC),
  locations: (_words, protect) => verifyingLocations(protect),
  async attempt({ clients, server, index, seed }) {
    const removable = server.publishKeys(String(index));
    const kept = removable.newJwt();
    const isNew = (client: number) => client === 0;
    const all = numbersTo(clients.count);
    const fresh = watchClients(all.filter(isNew));
    const cached = watchClients(all.filter((client) => !isNew(client)));
    const endedMs = await sendUntilRefused(
      clients,
      (client) => (isNew(client) ? fresh : cached),
      (client) => ({ path: `/?try=${index}`, token: isNew(client) ? removable.newJwt() : kept }),
      async () => {
        await Promise.all([fresh.passed(1), cached.passed(1)]);
        await delay(chanceOf(seed, index) * KEYS_FRESH_SEC * 1000); // at any moment in the life of a key set
        removable.remove();
        return Date.now();
      },
    );
    return { new: fresh.delayMs(endedMs), cached: cached.delayMs(endedMs) };
  },
};

/**
 * The same, and from then on the other clients present JWTs by a key that nobody knows, for which the gateway fetches the set at
 * once. The set's own life is as shipped.
 */
const unknownKey: RevocationCase = {
  name: 'unknown_key',
  figures: [{ name: 'new', limitMs: KEYS_PAUSE_MS }],
  lanes: 8,
  clients: 3,
  script: withKeyTimes(SHIPPED_KEYS_FRESH_SEC),
  locations: (_words, protect) => verifyingLocations(protect),
  async attempt({ clients, server, index, seed }) {
    const removable = server.publishKeys(String(index));
    const isStranger = (client: number) => client > 0;
    const all = numbersTo(clients.count);
    const fresh = watchClients(all.filter((client) => !isStranger(client)));
    const strangers = watchClients(all.filter(isStranger));
    let isRemoved = false;
    const endedMs = await sendUntilRefused(
      clients,
      (client) => (isStranger(client) ? strangers : fresh),
      (client) => ({
        path: `/?try=${index}`,
        token: isStranger(client) && isRemoved ? server.newUnknownJwt() : removable.newJwt(),
      }),
      async () => {
        await Promise.all([fresh.passed(1), strangers.passed(1)]);
        await delay(chanceOf(seed, index) * KEYS_PAUSE_MS * 2); // some within the pause after the first fetch
        removable.remove();
        isRemoved = true;
        return Date.now();
      },
    );
    return { new: fresh.delayMs(endedMs) };
  },
};

export const CASES: readonly RevocationCase[] = [revocation, purge, secret, assertion, key, unknownKey];
