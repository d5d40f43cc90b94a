// An authorization server in this process: tokens are revoked, the gateway's secret is replaced and a signing key is removed at a
// moment that the measurement knows.
import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { closeServer, listenLocally, recordRequest } from '../runtime/local_http.js';
import type { Backend } from './backends.js';
import { AUDIENCE, JWT } from './jwt.js';

export const ISSUER = 'https://login.bench';
/** The place of a key set is this and the set's name. */
export const KEYS_PATH = '/keys/';

export interface RevocationServer extends Backend {
  /** From now on the token is answered as inactive. */
  revoke(token: string): void;
  /** From now on this client is known by this secret alone. */
  setSecret(client: string, secret: string): void;
  /** From now on this client is known by assertions of this key alone (ES256). */
  setKey(client: string, publicKey: KeyObject): void;
  /** When a request with a secret or an assertion that is not valid, or not valid any more, arrived last; epoch milliseconds. */
  lastRefusedMs(client: string): number | undefined;
  /** A JWT whose key is in no set. */
  newUnknownJwt(): string;
  /** A set with two keys. @returns the one that can be removed */
  publishKeys(set: string): RemovableKey;
}

export interface RemovableKey {
  /** A JWT that nobody has seen, good for an hour. */
  newJwt(): string;
  /** From now on the set has the other key alone. */
  remove(): void;
}

export async function startRevocationServer(): Promise<RevocationServer> {
  const revoked = new Set<string>();
  const secrets = new Map<string, string>();
  const keys = new Map<string, KeyObject>();
  const refusedMs = new Map<string, number>();
  const keySets = new Map<string, object[]>();
  const staying = newKey('stays');
  const unknown = newKey('unknown');
  let requests = 0;

  /** The client that does not prove who it is; undefined when it does, and for one of which nothing is known. */
  const refusedBySecret = (request: IncomingMessage): string | undefined => {
    const { client, secret } = credentialsOf(request);
    return secrets.has(client) && secrets.get(client) !== secret ? client : undefined;
  };
  const refusedByKey = (form: URLSearchParams): string | undefined => {
    const client = form.get('client_id') ?? '';
    const key = keys.get(client);
    return key === undefined || isSignedBy(key, form.get('client_assertion') ?? '') ? undefined : client;
  };

  const introspect = async (request: IncomingMessage, response: ServerResponse) => {
    const arrivedMs = Date.now();
    const { body } = await recordRequest(request);
    const form = new URLSearchParams(body.toString());
    const refused = refusedBySecret(request) ?? refusedByKey(form);
    if (refused !== undefined) {
      refusedMs.set(refused, arrivedMs);
      response.writeHead(401).end();
      return;
    }
    const isActive = !revoked.has(form.get('token') ?? '');
    if (isActive) response.writeHead(200, { 'content-type': 'application/jwt' }).end(JWT);
    else response.writeHead(200, { 'content-type': 'application/json' }).end('{"active":false}');
  };

  const server = createServer((request, response) => {
    requests += 1;
    const { url = '' } = request;
    if (url.startsWith(KEYS_PATH)) {
      const set = { keys: keySets.get(url.slice(KEYS_PATH.length)) ?? [] };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(set));
      return;
    }
    introspect(request, response).catch(() => response.destroy());
  });
  // The gateway keeps its connections, and none of them may end just when it is used again.
  server.keepAliveTimeout = 0;
  const port = await listenLocally(server, 0);

  return {
    port,
    requestCount: async () => requests,
    stop: () => closeServer(server),
    revoke(token) {
      revoked.add(token);
    },
    setSecret(client, secret) {
      secrets.set(client, secret);
    },
    setKey(client, publicKey) {
      keys.set(client, publicKey);
    },
    newUnknownJwt: unknown.newJwt,
    lastRefusedMs: (client) => refusedMs.get(client),
    publishKeys(set) {
      const key = newKey('goes');
      keySets.set(set, [key.publicJwk, staying.publicJwk]);
      return {
        newJwt: key.newJwt,
        remove() {
          keySets.set(set, [staying.publicJwk]);
        },
      };
    },
  };
}

function credentialsOf(request: IncomingMessage): { client: string; secret: string } {
  const encoded = (request.headers.authorization ?? '').replace(/^Basic /, '');
  const [client = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  return { client, secret };
}

function isSignedBy(key: KeyObject, assertion: string): boolean {
  const [head = '', payload = '', signature = ''] = assertion.split('.');
  const input = Buffer.from(`${head}.${payload}`);
  return verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
}

function newKey(kid: string): { publicJwk: object; newJwt(): string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const head = encode({ alg: 'ES256', typ: 'at+jwt', kid });
  const signing = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
  let made = 0;
  return {
    publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' },
    newJwt() {
      made += 1;
      const exp = Math.floor(Date.now() / 1000) + 3600;
      const input = `${head}.${encode({ iss: ISSUER, aud: AUDIENCE, sub: 'alice', jti: String(made), exp })}`;
      return `${input}.${sign('sha256', Buffer.from(input), signing).toString('base64url')}`;
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** From 0 up to 1: the same for each run with the same seed, and another for each try. */
export function chanceOf(seed: string, index: number): number {
  return createHash('sha256').update(`${seed} ${index}`).digest().readUInt32BE() / 2 ** 32;
}
