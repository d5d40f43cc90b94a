// The authorization servers of the matrix: one over http and one over https, which answer each token as its cell says, and further
// ones for the faults of connections, where no token is known yet.
import { type Certificate, newCertificateAuthority } from '../support/certificates.js';
import { startDnsServer } from '../support/dns_server.js';
import { nextHost } from '../support/hosts.js';
import { makeJwt } from '../support/jwt.js';
import {
  jwt,
  type Reply,
  type ScriptedAnswer,
  type ScriptedServer,
  startScriptedServer,
} from '../support/scripted_server.js';
import type { BadCertificates, ConnectionMeets } from './table.js';

export const AS_NAME = 'as.test';
const DAY_MS = 86_400_000;

/** What an active token is exchanged for: each one for another. */
export function jwtOf(token: string): string {
  return makeJwt({ sub: token.replace('opaque-', ''), exp: 4102444800 });
}

/** One for the faults of a cell's connections. */
export interface FaultyServer {
  readonly port: number;
  meet(fault: ConnectionMeets | undefined): Promise<void>;
  close(): Promise<void>;
}

export interface FaultyServers {
  /** The address of all of them. */
  readonly host: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly dnsPort: number;
  /** PEM: the CA that the gateway trusts. */
  readonly trusted: string;
  readonly badCertificates: BadCertificates;
  /** What is said about a token from now on; undefined: that it is active. */
  answer(token: string, answer: ScriptedAnswer | undefined): void;
  /** How often a token was asked about. */
  questions(token: string): number;
  /** Resolves at the next question about it. */
  nextQuestion(token: string): Promise<void>;
  startOwn(isHttps: boolean): Promise<FaultyServer>;
  close(): Promise<void>;
}

export async function startFaultyServers(): Promise<FaultyServers> {
  const host = nextHost();
  const authority = await newCertificateAuthority();
  const good = await authority.issue(AS_NAME);
  const answers = new Map<string, ScriptedAnswer>();
  const questions = new Map<string, number>();
  const waiting = new Map<string, () => void>();
  const reply: Reply = ({ form }) => {
    const token = form.token ?? '';
    questions.set(token, (questions.get(token) ?? 0) + 1);
    waiting.get(token)?.();
    waiting.delete(token);
    return answers.get(token) ?? jwt(jwtOf(token));
  };
  let port = FIRST_PORT;
  const nextPort = () => {
    port = port < LAST_PORT ? port + 1 : FIRST_PORT;
    return port;
  };
  const start = async (certificate: Certificate | undefined, onPort: number) => {
    const server = await startScriptedServer({
      ...(certificate && { tls: certificate }),
      host,
      port: onPort,
    });
    server.reply(reply);
    return server;
  };
  const http = await start(undefined, HTTP_PORT);
  const https = await start(good, HTTPS_PORT);
  const dns = await startDnsServer(AS_NAME, host);
  return {
    host,
    httpPort: HTTP_PORT,
    httpsPort: HTTPS_PORT,
    dnsPort: dns.port,
    trusted: authority.cert,
    badCertificates: await makeBadCertificates(authority),
    answer(token, answer) {
      if (answer === undefined) answers.delete(token);
      else answers.set(token, answer);
    },
    questions: (token) => questions.get(token) ?? 0,
    nextQuestion: (token) => new Promise((resolve) => waiting.set(token, resolve)),
    startOwn: async (isHttps) => newFaultyServer(start, isHttps ? good : undefined, nextPort()),
    close: async () => void (await Promise.all([http.close(), https.close(), dns.close()])),
  };
}

/** Below those that the system gives to clients, and at an address of its own: a port on which nobody listens stays free. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;
const HTTP_PORT = 8080;
const HTTPS_PORT = 8443;

type Start = (certificate: Certificate | undefined, port: number) => Promise<ScriptedServer>;

async function newFaultyServer(
  start: Start,
  certificate: Certificate | undefined,
  port: number,
): Promise<FaultyServer> {
  let server: ScriptedServer | undefined = await start(certificate, port);
  let isPlain = false;
  const restart = async (next: Certificate | undefined) => {
    await server?.close();
    server = await start(next, port);
  };
  return {
    port,
    async meet(fault) {
      if (fault === 'refused') {
        await server?.close();
        server = undefined;
        return;
      }
      const wasPlain = isPlain;
      isPlain = fault === 'plain';
      if (server === undefined || isPlain || wasPlain) await restart(isPlain ? undefined : certificate);
      server?.meet(fault === 'plain' ? undefined : fault);
    },
    close: async () => server?.close(),
  };
}

async function makeBadCertificates(
  authority: Awaited<ReturnType<typeof newCertificateAuthority>>,
): Promise<BadCertificates> {
  const other = await newCertificateAuthority();
  const now = Date.now();
  const past = { notBefore: new Date(now - 3 * DAY_MS), notAfter: new Date(now - 2 * DAY_MS) };
  const future = { notBefore: new Date(now + 2 * DAY_MS), notAfter: new Date(now + 3 * DAY_MS) };
  const asFault = (tls: Certificate) => ({ kind: 'certificate', tls }) as const;
  return {
    expired: asFault(await authority.issue(AS_NAME, past)),
    notYetValid: asFault(await authority.issue(AS_NAME, future)),
    wrongName: asFault(await authority.issue('other.test')),
    otherAuthority: asFault(await other.issue(AS_NAME)),
    selfSigned: asFault(await other.issueSelfSigned(AS_NAME)),
  };
}
