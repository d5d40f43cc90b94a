// nginx/examples/mcp.conf with a client and a server made with the SDK of the Model Context Protocol, and a real
// authorization server: the client knows nothing but the URL of the MCP server.
import { readFileSync } from 'node:fs';
import { type OAuthClientProvider, UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { ClientCredentialsProvider } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { OAuthClientInformationMixed, OAuthTokens } from '@modelcontextprotocol/sdk/shared/auth.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import test, { type ExecutionContext } from 'ava';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { type AuthorizationServer, startAuthorizationServer } from '../../demo/authorization_server.js';
import { nextHost } from '../support/hosts.js';
import { followToCallback, LOGIN } from '../support/login.js';
import { type RecordingMcpServer, startMcpServer } from '../support/mcp_server.js';
import { REPOSITORY } from '../support/pages.js';
import { SETUPS, type Setup } from '../support/setups.js';
import { inModeOf, runShown } from '../support/shown_config.js';

const CONFIG = readFileSync(`${REPOSITORY}nginx/examples/mcp.conf`, 'utf8');
const CALLBACK = 'http://127.0.0.1:9/callback';

interface Parties {
  /** Of the MCP server, as clients are given it. */
  readonly url: URL;
  readonly as: AuthorizationServer;
  readonly mcp: RecordingMcpServer;
  /** Lets the tool end. */
  readonly endTool: () => void;
}

interface McpTest {
  /** `aud` of the tokens; default: the URL of the MCP server. */
  readonly audience?: string;
  readonly edit?: (config: string) => string;
}

/** Declares the test once for each set-up. */
function mcpTest(
  title: string,
  options: McpTest,
  run: (t: ExecutionContext, p: Parties) => Promise<void>,
): void {
  for (const setup of SETUPS) {
    test(`[${setup.name}] ${title}`, (t) => runMcp(t, setup, options, run));
  }
}

async function runMcp(
  t: ExecutionContext,
  setup: Setup,
  { audience, edit = (config) => config }: McpTest,
  run: (t: ExecutionContext, p: Parties) => Promise<void>,
): Promise<void> {
  const host = nextHost();
  const url = new URL(`http://${host}:8080/mcp`);
  let endTool = () => {};
  const mayEnd = new Promise<void>((resolve) => {
    endTool = resolve;
  });
  const as = await startAuthorizationServer({ audience: audience ?? url.href, ...LOGIN });
  const mcp = await startMcpServer(host, mayEnd);
  const urls = { 'mcp.example.com': url.origin, 'login.example.com': as.issuer };
  const shown = { config: edit(inModeOf(t, setup, CONFIG)), setup, apiPort: mcp.port, host, urls };
  try {
    await runShown(t, shown, () => run(t, { url, as, mcp, endTool }));
  } finally {
    await mcp.close();
    await as.close();
  }
}

const newClient = () => new Client({ name: 'test', version: '1.0.0' });

/** By itself this provider asks for no scope, whatever the challenge says. */
function machineClient({
  demoClient: { id, secret },
  issuer,
}: AuthorizationServer): ClientCredentialsProvider {
  const credentials = { clientId: id, clientSecret: secret, expectedIssuer: issuer };
  return new ClientCredentialsProvider({ ...credentials, scope: 'read' });
}

/** The MCP server got the JWT for this client with each request, and the opaque token with none. */
async function assertJwts(
  t: ExecutionContext,
  { as, mcp, url }: Parties,
  token: string | undefined,
  sub: string,
): Promise<void> {
  t.truthy(token);
  t.false(token?.includes('.'), 'the token is opaque');
  const expected = { issuer: as.issuer, audience: url.href, typ: 'at+jwt' };
  for (const request of mcp.requests) {
    const [scheme, jwt = ''] = request.headers.authorization?.split(' ') ?? [];
    t.is(scheme, 'Bearer');
    const { payload } = await jwtVerify(jwt, createLocalJWKSet(as.publicJwks), expected);
    t.is(payload.sub, sub);
    t.is(payload.scope, 'read');
    t.false(JSON.stringify(request).includes(token ?? ''));
  }
}

mcpTest(
  'client credentials: after a 401 the client finds the authorization server, gets a token and calls a tool; the MCP server gets the JWT (RFC 9728 §5)',
  {},
  async (t, p) => {
    const provider = machineClient(p.as);
    const asked: string[] = [];
    const transport = new StreamableHTTPClientTransport(p.url, {
      authProvider: provider,
      fetch: (url, init) => {
        asked.push(`${init?.method ?? 'GET'} ${new URL(url).pathname}`);
        return fetch(url, init);
      },
    });
    const client = newClient();
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
      t.is(params.data, 'begins');
      p.endTool(); // the tool ends only when its event has come through
    });
    await client.connect(transport as never);
    const result = await client.callTool({ name: 'greet' });
    t.deepEqual(result.content, [{ type: 'text', text: 'Hello' }]);
    await client.close();
    t.deepEqual(asked.slice(0, 3), [
      'POST /mcp',
      'GET /.well-known/oauth-protected-resource/mcp',
      'GET /.well-known/oauth-authorization-server',
    ]);
    t.true(p.mcp.requests.length >= 4, 'initialize, initialized, the stream, the tool');
    await assertJwts(t, p, provider.tokens()?.access_token, p.as.demoClient.id);
    t.is(p.as.introspections.length, 1);
  },
);

/** A client that registers itself; its user comes back from the browser with a code. */
class UserClient implements OAuthClientProvider {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata = {
    client_name: 'test',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: 'none',
  };
  authorizationUrl: URL | undefined;
  private information: OAuthClientInformationMixed | undefined;
  private saved: OAuthTokens | undefined;
  private verifier = '';
  clientInformation = () => this.information;
  saveClientInformation = (information: OAuthClientInformationMixed) => {
    this.information = information;
  };
  tokens = () => this.saved;
  saveTokens = (tokens: OAuthTokens) => {
    this.saved = tokens;
  };
  redirectToAuthorization = (url: URL) => {
    this.authorizationUrl = url;
  };
  saveCodeVerifier = (verifier: string) => {
    this.verifier = verifier;
  };
  codeVerifier = () => this.verifier;
}

mcpTest(
  'a user logs in: the client registers itself, asks for a token for this MCP server, and calls a tool as that user (RFC 7591, RFC 7636, RFC 8707)',
  {},
  async (t, p) => {
    p.endTool();
    const provider = new UserClient();
    const transport = new StreamableHTTPClientTransport(p.url, { authProvider: provider });
    await t.throwsAsync(newClient().connect(transport as never), { instanceOf: UnauthorizedError });
    const { authorizationUrl } = provider;
    t.is(authorizationUrl?.origin, p.as.issuer);
    t.is(authorizationUrl?.searchParams.get('resource'), p.url.href);
    t.is(authorizationUrl?.searchParams.get('scope'), 'read');
    const callback = await followToCallback(authorizationUrl as URL, CALLBACK);
    await transport.finishAuth(callback.searchParams.get('code') ?? '');
    const client = newClient();
    await client.connect(new StreamableHTTPClientTransport(p.url, { authProvider: provider }) as never);
    t.deepEqual((await client.callTool({ name: 'greet' })).content, [{ type: 'text', text: 'Hello' }]);
    await client.close();
    await assertJwts(t, p, provider.tokens()?.access_token, 'alice');
  },
);

mcpTest(
  'a token for another server is refused, and does not reach the MCP server (RFC 8707 §2)',
  { audience: 'https://other.example.com/mcp' },
  async (t, p) => {
    const transport = new StreamableHTTPClientTransport(p.url, { authProvider: machineClient(p.as) });
    await t.throwsAsync(newClient().connect(transport as never), { message: /401/ });
    t.is(p.mcp.requests.length, 0);
    t.is(p.as.introspections.length, 1);
  },
);

/** So that only the challenge says where the document is; clients guess the path of the example. */
function withOtherPath(config: string): string {
  return config
    .replaceAll('/.well-known/oauth-protected-resource/mcp', '/elsewhere')
    .replace('set $phantom_token on;', '$& set $phantom_token_sender_constraint verify;')
    .replace('set $phantom_token on;', '$& set $phantom_token_dpop_origin https://mcp.example.com;');
}

mcpTest(
  'the document is found by the challenge alone, also where DPoP is taken as well and the answer has two challenges (RFC 9728 §5.1)',
  { edit: withOtherPath },
  async (t, p) => {
    p.endTool();
    const provider = machineClient(p.as);
    const client = newClient();
    await client.connect(new StreamableHTTPClientTransport(p.url, { authProvider: provider }) as never);
    t.deepEqual((await client.callTool({ name: 'greet' })).content, [{ type: 'text', text: 'Hello' }]);
    await client.close();
    await assertJwts(t, p, provider.tokens()?.access_token, p.as.demoClient.id);
  },
);
