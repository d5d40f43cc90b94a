/**
 * One of the demo's two servers, for docker-compose.yml, reachable from other containers:
 *   serve.mjs authorization-server PORT
 *   serve.mjs api PORT URL-OF-THE-AUTHORIZATION-SERVER
 */
import { once } from 'node:events';
import { startApi } from './api.js';
import { startAuthorizationServer } from './authorization_server.js';

const ALL_ADDRESSES = '0.0.0.0';

const [role, port, authorizationServerUrl = ''] = process.argv.slice(2);
const stopped = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
const server = await startServer(Number(port));
console.log(`${role} on port ${server.port}`);
await stopped;
await server.close();

async function startServer(port: number) {
  if (role === 'authorization-server') return startAuthorizationServer({ port, host: ALL_ADDRESSES });
  if (role !== 'api') throw new Error(`no such server: ${role}`);
  const jwks = new URL('/jwks', authorizationServerUrl);
  return startApi({ port, host: ALL_ADDRESSES, jwks, issuer: await fetchIssuer() });
}

async function fetchIssuer(): Promise<string> {
  const path = '/.well-known/openid-configuration';
  const response = await fetch(authorizationServerUrl + path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return ((await response.json()) as { issuer: string }).issuer;
}
