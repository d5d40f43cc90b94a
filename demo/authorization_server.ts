/**
 * A real authorization server for the demo and the tests: oidc-provider, which issues opaque access tokens
 * and introspects them (RFC 7662). It answers with JSON or with a signed response (RFC 9701), as it comes from npm, or with the
 * two answers of the Curity Identity Server that the phantom token pattern builds on: `Accept: application/jwt` gives the
 * bare JWT, and 204 says that the token is not active.
 */
import { randomUUID } from 'node:crypto';
import http, { type IncomingHttpHeaders } from 'node:http';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
  SignJWT,
} from 'jose';
import type { Adapter, AdapterPayload, Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
// The package's entry prints a warning on Node 20, which it runs on; its provider module is the same class.
// @ts-expect-error: the types describe the entry only
import { Provider as UntypedProvider } from 'oidc-provider/lib/provider.js';
import {
  closeServer,
  type HeaderPair,
  headerPairs,
  KEEP_ALIVE_MS,
  listenLocally,
} from '../runtime/local_http.js';
import type { ServerName } from './command_line.mjs';

const OidcProvider = UntypedProvider as typeof Provider;

const TOKEN_PATH = '/oauth/v2/oauth-token';
const INTROSPECTION_PATH = '/oauth/v2/oauth-introspect';
const REVOCATION_PATH = '/oauth/v2/oauth-revoke';
/** `aud` of the JWT, unless the options say another. */
export const RESOURCE = 'https://api.example.com';
const ALGORITHM = 'RS256';

/** May introspect every token and do nothing else; demo/nginx.conf has the id, demo/gateway_client_secret.txt the secret. */
const GATEWAY_CLIENT: ClientCredentials = { id: 'gateway-client', secret: 'gateway-secret' };
/** Gets tokens by client_credentials, scopes `read` and `write`. */
const DEMO_CLIENT: ClientCredentials = { id: 'demo-client', secret: 'demo-secret' };

export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

/** The claims of a phantom token; `exp` and `iat` are epoch seconds. */
export interface JwtClaims {
  exp: number;
  iat: number;
  [claim: string]: unknown;
}

export interface AuthorizationServerOptions {
  /** 0 (default) lets the system choose. */
  port?: number;
  /** The address to listen on; default 127.0.0.1. The issuer always has 127.0.0.1. */
  host?: string;
  /** What it answers to an introspection; default `jwt`. The other two are oidc-provider's own answers. */
  answers?: ServerName;
  /** Lifetime of an access token; default 300. */
  accessTokenTtlSec?: number;
  /** `aud` of the JWT; default `https://api.example.com`. */
  audience?: string | string[];
  /** Claims to add to each JWT, or to replace in it. */
  extraClaims?: Record<string, unknown> | ((claims: JwtClaims) => Record<string, unknown>);
  /** Cache-Control of an answer that holds a JWT; default `max-age=<seconds until exp>`. */
  cacheControl?: string | ((claims: JwtClaims) => string);
  /** Changes the configuration of oidc-provider, for flows that the demo does not show. */
  configure?: (configuration: Configuration) => Configuration;
  /** Adds to the provider what that configuration needs. */
  extend?: (provider: Provider) => void;
}

/** One request that reached the introspection endpoint. */
export interface IntrospectionCall {
  method: string;
  rawHeaders: HeaderPair[];
  headers: IncomingHttpHeaders;
  /** The form, a repeated field as an array. Empty before the answer, and when the body is no form. */
  form: Record<string, string | string[]>;
  /** The status of the answer; undefined before the answer. */
  status: number | undefined;
  /** Content-Type of the answer, without parameters. Empty before the answer, and when it has no body. */
  contentType: string;
  /** Empty before the answer. */
  body: string;
}

export interface AuthorizationServer {
  readonly issuer: string;
  readonly url: string;
  readonly port: number;
  readonly tokenPath: string;
  readonly introspectionPath: string;
  readonly gatewayClient: ClientCredentials;
  readonly demoClient: ClientCredentials;
  /** Verifies the JWTs; also served at `<issuer>/jwks`. */
  readonly publicJwks: JSONWebKeySet;
  /** Every introspection request so far, oldest first. */
  readonly introspections: IntrospectionCall[];
  /** Gets an opaque token over HTTP, as the demo client; scope `read write` unless given; with a proof, a bound one. */
  issueToken(options?: { scope?: string; proof?: string }): Promise<string>;
  /** Revokes over HTTP (RFC 7009), so that introspection finds the token inactive. */
  revokeToken(token: string): Promise<void>;
  /** Refuses connections like a server that is down; tokens and keys are kept. */
  goDown(): Promise<void>;
  /** Listens again after `goDown`, on the same port. */
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

interface SigningKey {
  privateKey: CryptoKey;
  privateJwk: JWK;
  publicJwk: JWK;
  kid: string;
}

/**
 * Starts an authorization server.
 * Rejects with the system's error (`code: 'EADDRINUSE'`) when the port is taken.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS });
  const port = await listenLocally(server, options.port ?? 0, options.host);
  const issuer = `http://127.0.0.1:${port}`;

  const key = await generateSigningKey();
  const introspections: IntrospectionCall[] = [];
  const { configure = (configuration) => configuration, extend } = options;
  const provider = new OidcProvider(issuer, configure(providerConfiguration(key, options)));
  provider.silent = true;
  extend?.(provider);
  provider.use((ctx, next) => recordIntrospection(introspections, ctx as KoaContextWithOIDC, next));
  if ((options.answers ?? 'jwt') === 'jwt') {
    provider.use((ctx, next) => answerWithJwt(key, options, ctx as KoaContextWithOIDC, next));
  }
  server.on('request', provider.callback());

  return {
    issuer,
    url: issuer,
    port,
    tokenPath: TOKEN_PATH,
    introspectionPath: INTROSPECTION_PATH,
    gatewayClient: GATEWAY_CLIENT,
    demoClient: DEMO_CLIENT,
    publicJwks: { keys: [key.publicJwk] },
    introspections,
    issueToken: ({ scope = 'read write', proof } = {}) => requestToken(issuer, scope, proof),
    revokeToken: (token) => requestRevocation(issuer, token),
    goDown: () => closeServer(server),
    comeBack: async () => void (await listenLocally(server, port, options.host)),
    close: () => closeServer(server),
  };
}

async function generateSigningKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM, {
    modulusLength: 2048,
    extractable: true,
  });
  const publicJwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(publicJwk);
  const usage = { kid, alg: ALGORITHM, use: 'sig' };
  return {
    privateKey,
    privateJwk: { ...(await exportJWK(privateKey)), ...usage },
    publicJwk: { ...publicJwk, ...usage },
    kid,
  };
}

// Keys, adapter, time to live and policies are all named here: oidc-provider warns on the console about
// each default that is for development only.
function providerConfiguration(key: SigningKey, options: AuthorizationServerOptions): Configuration {
  const accessTokenTtlSec = options.accessTokenTtlSec ?? 300;
  const audience = [options.audience ?? RESOURCE].flat()[0] ?? RESOURCE;
  const signsResponses = options.answers === 'rfc9701';
  return {
    adapter: inMemoryAdapters(),
    clients: [
      {
        ...clientMetadata(GATEWAY_CLIENT),
        grant_types: [],
        ...(signsResponses && { introspection_signed_response_alg: ALGORITHM }),
      },
      { ...clientMetadata(DEMO_CLIENT), grant_types: ['client_credentials'], scope: 'read write' },
    ],
    clientBasedCORS: () => false,
    cookies: { keys: [randomUUID()] },
    jwks: { keys: [key.privateJwk] },
    renderError(ctx, out) {
      ctx.body = out;
    },
    routes: { token: TOKEN_PATH, introspection: INTROSPECTION_PATH, revocation: REVOCATION_PATH },
    scopes: ['read', 'write'],
    ttl: { ClientCredentials: accessTokenTtlSec },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client) => client.clientId === GATEWAY_CLIENT.id,
      },
      jwtIntrospection: { enabled: signsResponses },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        getResourceServerInfo: () => ({
          scope: 'read write',
          audience,
          accessTokenTTL: accessTokenTtlSec,
          accessTokenFormat: 'opaque',
        }),
      },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
  };
}

function clientMetadata({ id, secret }: ClientCredentials) {
  return {
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_basic' as const,
    redirect_uris: [],
    response_types: [],
  };
}

async function recordIntrospection(
  calls: IntrospectionCall[],
  ctx: KoaContextWithOIDC,
  next: () => Promise<unknown>,
): Promise<void> {
  if (ctx.path !== INTROSPECTION_PATH) {
    await next();
    return;
  }
  const call: IntrospectionCall = {
    method: ctx.method,
    rawHeaders: headerPairs(ctx.req.rawHeaders),
    headers: ctx.req.headers,
    form: {},
    status: undefined,
    contentType: '',
    body: '',
  };
  calls.push(call);
  await next();
  call.form = { ...(ctx.oidc?.body as typeof call.form | undefined) };
  call.status = ctx.status;
  call.contentType = ctx.response.type;
  call.body = textOf(ctx.body);
}

/** The body that Koa sends: an object as JSON. */
function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  return body === undefined || body === null ? '' : JSON.stringify(body);
}

/** Answers like Curity: makes a JWT or a 204 of the JSON that oidc-provider answers. */
async function answerWithJwt(
  key: SigningKey,
  options: AuthorizationServerOptions,
  ctx: KoaContextWithOIDC,
  next: () => Promise<unknown>,
): Promise<void> {
  await next();
  if (ctx.oidc?.route !== 'introspection' || ctx.status !== 200) return;
  if (!ctx.get('accept').includes('application/jwt')) return;

  const introspection = ctx.body as JwtClaims & { active: boolean };
  if (!introspection.active) {
    ctx.body = null;
    ctx.status = 204;
    return;
  }
  const claims = jwtClaims(introspection, options);
  const jwt = await new SignJWT(claims)
    .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt', kid: key.kid })
    .sign(key.privateKey);
  ctx.set('Cache-Control', cacheControl(claims, options));
  ctx.body = jwt;
  ctx.set('Content-Type', 'application/jwt');
}

function jwtClaims(
  introspection: JwtClaims & { active: boolean },
  options: AuthorizationServerOptions,
): JwtClaims {
  const { active: _active, ...known } = introspection;
  const claims: JwtClaims = {
    // A token of client_credentials has no resource owner, so its subject is the client (RFC 9068 §2.2).
    sub: known.client_id,
    ...known,
    aud: options.audience ?? RESOURCE,
    // Not the `jti` of the token, which is the opaque token itself.
    jti: randomUUID(),
    token_type: known.token_type === 'DPoP' ? 'DPoP' : 'bearer',
    purpose: 'access_token',
  };
  const { extraClaims } = options;
  return { ...claims, ...(typeof extraClaims === 'function' ? extraClaims(claims) : extraClaims) };
}

function cacheControl(claims: JwtClaims, options: AuthorizationServerOptions): string {
  if (typeof options.cacheControl === 'function') return options.cacheControl(claims);
  const nowSec = Math.floor(Date.now() / 1000);
  return options.cacheControl ?? `max-age=${Math.max(0, claims.exp - nowSec)}`;
}

async function requestToken(issuer: string, scope: string, proof: string | undefined): Promise<string> {
  const form = { grant_type: 'client_credentials', scope };
  const response = await postAsDemoClient(
    issuer + TOKEN_PATH,
    form,
    proof === undefined ? {} : { DPoP: proof },
  );
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}

async function requestRevocation(issuer: string, token: string): Promise<void> {
  const response = await postAsDemoClient(issuer + REVOCATION_PATH, { token });
  await response.arrayBuffer();
}

async function postAsDemoClient(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { id, secret } = DEMO_CLIENT;
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, ...headers },
    body: new URLSearchParams(form),
  });
  if (response.ok) return response;
  throw new Error(`${new URL(url).pathname} answered ${response.status}: ${await response.text()}`);
}

/** Keeps everything in memory, separately for each server. oidc-provider's own adapter prints a warning. */
function inMemoryAdapters(): (model: string) => Adapter {
  const payloads = new Map<string, AdapterPayload>();
  const findWhere = async (model: string, field: 'uid' | 'userCode', value: string) => {
    for (const [key, payload] of payloads) {
      if (key.startsWith(`${model}:`) && payload[field] === value) return payload;
    }
    return undefined;
  };
  return (model) => ({
    async upsert(id, payload) {
      payloads.set(`${model}:${id}`, payload);
    },
    async find(id) {
      return payloads.get(`${model}:${id}`);
    },
    findByUid: (uid) => findWhere(model, 'uid', uid),
    findByUserCode: (userCode) => findWhere(model, 'userCode', userCode),
    async consume(id) {
      const payload = payloads.get(`${model}:${id}`);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      payloads.delete(`${model}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, payload] of payloads) {
        if (payload.grantId === grantId) payloads.delete(key);
      }
    },
  });
}
