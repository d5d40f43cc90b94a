/** The API behind the gateway: it knows no opaque tokens, and accepts requests with a valid JWT. */
import { createHash } from 'node:crypto';
import http, { type ServerResponse } from 'node:http';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';
import {
  closeServer,
  KEEP_ALIVE_MS,
  listenLocally,
  type RecordedRequest,
  recordRequest,
} from '../runtime/local_http.js';

export interface ApiOptions {
  /** 0 (default) lets the system choose. */
  port?: number;
  /** The address to listen on; default 127.0.0.1. */
  host?: string;
  /** The keys whose signatures are accepted, or their URL, which is fetched again for a JWT with an unknown key. */
  jwks: JSONWebKeySet | URL;
  /** Checked when given. */
  issuer?: string;
  /** Checked when given. */
  audience?: string;
  /** `typ` of the header; checked when given. */
  typ?: string;
}

export interface ApiRequest extends RecordedRequest {
  /** SHA-256 of the body, in hex. */
  sha256: string;
}

/** What the API answers with 200: the request as it arrived. */
export interface ApiAnswer {
  path: string;
  method: string;
  /** The whole Authorization header. */
  authorization: string;
  jwt: { header: Record<string, unknown>; claims: JWTPayload };
}

export interface Api {
  readonly url: string;
  readonly port: number;
  /** Every request so far, also the refused ones, oldest first. */
  readonly requests: ApiRequest[];
  close(): Promise<void>;
}

/** Starts the API. Rejects with the system's error when the port is taken. */
export async function startApi({ port = 0, host, jwks, issuer, audience, typ }: ApiOptions): Promise<Api> {
  const keys = jwks instanceof URL ? fetchedKeys(jwks) : createLocalJWKSet(jwks);
  const checks: JWTVerifyOptions = {
    ...(issuer && { issuer }),
    ...(audience && { audience }),
    ...(typ && { typ }),
  };
  const requests: ApiRequest[] = [];
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: 256 * 1024 });
  server.on('request', async (request, response) => {
    const recorded = await recordRequest(request).catch(() => undefined);
    if (recorded === undefined) return; // the client has closed the connection
    requests.push({ ...recorded, sha256: createHash('sha256').update(recorded.body).digest('hex') });
    const verified = await verifyJwt(recorded.headers.authorization ?? '');
    if ('refusal' in verified) refuse(response, verified.refusal);
    else answerJson(response, 200, describe(recorded, verified));
  });

  async function verifyJwt(authorization: string): Promise<ApiAnswer['jwt'] | { refusal: string }> {
    const [scheme, jwt] = authorization.split(' ');
    if (scheme !== 'Bearer' || !jwt) return { refusal: 'no bearer credential' };
    try {
      const { protectedHeader, payload } = await jwtVerify(jwt, keys, checks);
      return { header: { ...protectedHeader }, claims: payload };
    } catch (error) {
      return { refusal: (error as Error).message };
    }
  }

  const chosenPort = await listenLocally(server, port, host);
  return {
    url: `http://127.0.0.1:${chosenPort}`,
    port: chosenPort,
    requests,
    close: () => closeServer(server),
  };
}

/** A restarted authorization server has new keys, and a JWT with one may come at any time: no cooldown. */
function fetchedKeys(url: URL) {
  return createRemoteJWKSet(url, { cooldownDuration: 0 });
}

function describe({ url, method, headers }: RecordedRequest, jwt: ApiAnswer['jwt']): ApiAnswer {
  return { path: url, method, authorization: headers.authorization ?? '', jwt };
}

function refuse(response: ServerResponse, reason: string): void {
  response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
  answerJson(response, 401, { error: 'invalid_token', error_description: reason });
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(value)}\n`);
}
