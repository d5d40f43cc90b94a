// oidc-provider as docs/authorization_servers/node_oidc_provider.md configures it, without any change to it.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import type { ClientMetadata, Configuration, Provider } from 'oidc-provider';
// @ts-expect-error: the types describe the entry only
import { createMemoryAdapter } from 'oidc-provider/lib/adapters/memory_adapter.js';
// The package's entry prints a warning on Node 20, which it runs on; its provider module is the same class.
// @ts-expect-error: the types describe the entry only
import { Provider as UntypedProvider } from 'oidc-provider/lib/provider.js';
import { request } from 'undici';
import { closeServer, KEEP_ALIVE_MS, listenLocally } from '../../runtime/local_http.js';
import type { ScriptedAnswer, ScriptedRequest } from './scripted_server.js';
import { status } from './scripted_server.js';

const OidcProvider = UntypedProvider as typeof Provider;

/** As in the guide's configuration of nginx. */
const ISSUER = 'https://login.example.com';
const RESOURCE = 'https://api.example.com';
const SCOPE = 'read';
const USER = 'alice';

const WEB_APP: ClientMetadata = {
  client_id: 'web-app',
  client_secret: 'web-app-secret',
  redirect_uris: ['https://app.example.com/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
};

export interface GuideProvider {
  /** The server's own answer to a question; `see` gets its body. */
  answer(question: ScriptedRequest, see: (body: string) => void): Promise<ScriptedAnswer>;
  /** For a user and a client, with the scope `read`. */
  issueAccessToken(): Promise<string>;
  issueRefreshToken(): Promise<string>;
  close(): Promise<void>;
}

/** @param source the JavaScript of the guide, whose default export is merged into what every installation needs */
export async function startGuideProvider(source: string): Promise<GuideProvider> {
  const shown = (await import(`data:text/javascript,${encodeURIComponent(source)}`)) as {
    default: Configuration;
  };
  const provider = new OidcProvider(ISSUER, await configurationWith(shown.default));
  provider.proxy = true; // TLS ends before it
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, provider.callback());
  const url = `http://127.0.0.1:${await listenLocally(server, 0)}`;
  return {
    answer: (question, see) => passOn(url, question, see),
    issueAccessToken: () => issue(provider, 'AccessToken'),
    issueRefreshToken: () => issue(provider, 'RefreshToken'),
    close: () => closeServer(server),
  };
}

async function configurationWith(shown: Configuration): Promise<Configuration> {
  const { privateKey } = await generateKeyPair('RS256', { modulusLength: 2048, extractable: true });
  return {
    ...shown,
    adapter: createMemoryAdapter(),
    clients: [...(shown.clients ?? []), WEB_APP],
    clientBasedCORS: () => false,
    cookies: { keys: [randomUUID()] },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    scopes: [SCOPE, 'offline_access'],
    ttl: { AccessToken: 3600, Grant: 3600, RefreshToken: 3600 },
    features: {
      ...shown.features,
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({ scope: SCOPE, audience: RESOURCE, accessTokenFormat: 'opaque' }),
      },
    },
  };
}

/** Issued by the provider's own models, in place of a login in a browser. */
async function issue(provider: Provider, kind: 'AccessToken' | 'RefreshToken'): Promise<string> {
  const client = await provider.Client.find('web-app');
  if (client === undefined) throw new Error('there is no client web-app');
  const grant = new provider.Grant({ accountId: USER, clientId: client.clientId });
  grant.addResourceScope(RESOURCE, SCOPE);
  const grantId = await grant.save();
  const common = { accountId: USER, client, grantId, scope: SCOPE, gty: 'authorization_code' };
  if (kind === 'RefreshToken') return new provider.RefreshToken(common as never).save();
  const token = new provider.AccessToken(common as never);
  token.resourceServer = new provider.ResourceServer(RESOURCE, {
    scope: SCOPE,
    audience: RESOURCE,
    accessTokenFormat: 'opaque',
  });
  return token.save();
}

async function passOn(
  url: string,
  { method, path, rawHeaders, body }: ScriptedRequest,
  see: (body: string) => void,
): Promise<ScriptedAnswer> {
  const headers = rawHeaders.filter(([name]) => !/^(connection|content-length)$/i.test(name)).flat();
  const response = await request(url + path, {
    method: method as 'POST',
    headers: [...headers, 'x-forwarded-proto', 'https'],
    body: body.length > 0 ? body : null,
  });
  const answer = await response.body.text();
  see(answer);
  const kept = ['content-type', 'cache-control'].map((name) => [name, response.headers[name]]);
  const named = kept.filter(([, value]) => value !== undefined);
  return status(response.statusCode, { headers: Object.fromEntries(named), body: answer });
}
