// Breakages of the gateway, each of which the matrix has to find: they show that its oracle can fail.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { replaceOnce } from '../support/altered_script.js';
import type { Breakage } from './gateway.js';
import type { RuleName } from './oracle.js';
import { STEP_TIMEOUT_MS } from './table.js';

export interface KnownBreakage extends Breakage {
  readonly name: string;
  /** The rule that it breaks first of all. */
  readonly rule: RuleName;
  /** A fault that shows it, for the test that is quick. */
  readonly fault: string;
}

const inScript = (part: string, by: string): Breakage => ({ script: (text) => replaceOnce(text, part, by) });

/** Writes an included snippet out, with a change. */
const inSnippet = (snippet: string, part: string, by: string): Breakage => ({
  conf(text) {
    const file = fileURLToPath(new URL(`../../nginx/${snippet}`, import.meta.url));
    const changed = replaceOnce(readFileSync(file, 'utf8'), part, by);
    return text.replaceAll(`include ${file};`, () => `\n${changed}\n`);
  },
});

export const BREAKAGES: readonly KnownBreakage[] = [
  {
    name: 'a 5xx is read as if it were 200',
    rule: 'status',
    fault: '500 with a JWT',
    ...inScript(
      'if (reply.status !== 200) {\n    return interpretStatus(reply);',
      'if (reply.status !== 200 && reply.status < 500) {\n    return interpretStatus(reply);',
    ),
  },
  {
    name: 'a stale record is served when the server refuses the gateway (401)',
    rule: 'stale',
    fault: '401 with no body',
    ...inScript(
      'failure.reason === "introspection_server_error")',
      'failure.reason === "introspection_server_error" || failure.reason === "introspection_unauthorized")',
    ),
  },
  {
    name: 'a stale record is served whatever the failure is',
    rule: 'stale',
    fault: '429 with no body',
    ...inScript('failure.isOutage ? (records', 'true ? (records'),
  },
  {
    name: 'a body is taken for a JWT without being looked at',
    rule: 'status',
    fault: 'no JWT',
    ...inScript(
      'function parseJwt(text) {',
      'function parseJwt(text) { return { text, header: {}, payload: {} };',
    ),
  },
  {
    name: "the length of a JWT's signature is not compared with its alg",
    rule: 'status',
    fault: "closed in the JWT's signature, after a chunk",
    ...inScript('return hasWholeSignature(header2.alg, parts.signature) ?', 'return true ?'),
  },
  {
    name: 'the media type is not looked at',
    rule: 'status',
    fault: 'a JWT as text/html; charset=utf-8',
    ...inScript(
      'return refuseReply("introspection_content_type", reply);',
      'return interpretJwt(reply, form, nowSec);',
    ),
  },
  {
    name: 'the timeouts are those of nginx and njs, a minute',
    rule: 'bounded',
    fault: 'silent after the request is read',
    conf: (text) => text.replaceAll(`${STEP_TIMEOUT_MS}ms`, '60s'),
  },
  {
    name: 'an outage counts as an inactive token',
    rule: 'status',
    fault: 'connection refused',
    ...inScript(
      'switch (answer.kind) {\n    case "active":\n      return rememberActive(',
      'if (answer.kind === "unavailable") { answer = denied("token_inactive", "MISS"); }\n  switch (answer.kind) {\n    case "active":\n      return rememberActive(',
    ),
  },
  {
    name: 'every request asks for itself',
    rule: 'once',
    fault: '500 with no body',
    ...inScript('if (settings.cacheTtlSec === 0) {', 'if (true) {'),
  },
  {
    name: 'introspection is never suspended',
    rule: 'suspended',
    fault: '500 with no body',
    ...inScript(
      'function suspensionSec(endpoint, key, mustWait) {',
      'function suspensionSec(endpoint, key, mustWait) {\n  return 0;',
    ),
  },
  {
    name: 'a line of the log has the token',
    rule: 'log',
    fault: '500 with no body',
    ...inScript('formatFailureLine(failure, readPlace(r, endpoint))', 'r.headersIn.Authorization'),
  },
  {
    name: "the API gets the client's token",
    rule: 'opaque',
    fault: '500 with no body',
    ...inSnippet(
      'protect.conf',
      'proxy_set_header Authorization $phantom_token_authorization;',
      'proxy_set_header Authorization $http_authorization;',
    ),
  },
  {
    name: "the authorization server's certificate is not verified",
    rule: 'status',
    fault: 'a certificate of another CA',
    ...inSnippet('introspection.conf', 'proxy_ssl_verify on;', 'proxy_ssl_verify off;'),
  },
  {
    name: 'X-Accel-Redirect of the authorization server is obeyed',
    rule: 'api',
    fault: 'X-Accel-Redirect to the API',
    ...inSnippet('introspection.conf', 'proxy_ignore_headers X-Accel-Redirect', 'proxy_ignore_headers'),
  },
];
