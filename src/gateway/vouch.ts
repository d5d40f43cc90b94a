// Between the answer and what is kept of it, where the location says something of signatures: those of the authorization server are
// verified, and the gateway signs where it should.
import type { Denial, Unavailable } from '../core/answer/outcome.js';
import { notAnswered } from '../core/answer/unavailable.js';
import { type ActiveToken, activeToken } from '../core/introspection/active_token.js';
import { interpretAnswer, type SignedResponse } from '../core/introspection/answer.js';
import type { IntrospectionReply } from '../core/introspection/reply.js';
import { readSignedResponse } from '../core/introspection/signed_response.js';
import { Lines } from '../core/settings/lines.js';
import type { SenderSettings } from '../core/settings/sender_settings.js';
import type { Settings } from '../core/settings/settings.js';
import type { SignatureSettings } from '../core/settings/signature_settings.js';
import type { Jwt } from '../core/token/jwt.js';
import type { Question } from './handover.js';
import { mintWhere } from './mint.js';
import { verifyJwt } from './verify.js';

export async function vouch(
  r: NginxHTTPRequest,
  question: Question,
  answer: ActiveToken | SignedResponse,
  reply: IntrospectionReply,
  settings: Settings,
  nowSec: number,
): Promise<ActiveToken | Denial | Unavailable> {
  const signatures = question.signatures as SignatureSettings;
  const active =
    answer.kind === 'active' ? answer : await openResponse(r, question, answer.jwt, reply, settings, nowSec);
  if (active.kind !== 'active') {
    return active;
  }
  const jwt = active.serverJwt;
  const problem =
    jwt === undefined || signatures.jwks === ''
      ? undefined
      : await findBadSignature(r, question, jwt, settings);
  if (problem !== undefined) {
    return problem;
  }
  // In place of a verified JWT the gateway signs what that JWT says, and not what stands beside it unsigned.
  const isReplaced = signatures.mint === 'always' && signatures.jwks !== '' && jwt !== undefined;
  const said = isReplaced
    ? activeToken(jwt, jwt.payload, reply, nowSec, boundOrNot(settings.sender))
    : active;
  if (said.kind !== 'active') {
    return said;
  }
  // What binds the token counts wherever it was said: a JWT without `cnf` must not loose a token from its key.
  const bound = isReplaced ? Object.assign({}, said, { binding: active.binding }) : said;
  return mintWhere(bound, signatures, settings, nowSec);
}

/** Whether the token is bound was judged by all that the server said; the JWT alone need not say it. */
function boundOrNot(sender: SenderSettings | undefined): SenderSettings | undefined {
  return sender === undefined ? undefined : Object.assign({}, sender, { constraint: 'verify' as const });
}

/** What an RFC 9701 response says, when it is the server's and for this gateway. */
async function openResponse(
  r: NginxHTTPRequest,
  question: Question,
  jwt: Jwt,
  reply: IntrospectionReply,
  settings: Settings,
  nowSec: number,
): Promise<ActiveToken | Denial | Unavailable> {
  const problem = await findBadSignature(r, question, jwt, settings);
  if (problem !== undefined) {
    return problem;
  }
  const parties = { issuer: settings.issuer, clientId: question.texts.request[Lines.clientId] as string };
  const read = readSignedResponse(jwt, parties, reply);
  return read.kind === 'unavailable'
    ? read
    : interpretAnswer(read.answer, reply, settings, nowSec, question.signatures);
}

/** The server, or somebody between, is wrong, not the client: 502, never 401. */
async function findBadSignature(
  r: NginxHTTPRequest,
  question: Question,
  jwt: Jwt,
  settings: Settings,
): Promise<Unavailable | undefined> {
  const signatures = question.signatures as SignatureSettings;
  const verified = await verifyJwt(r, jwt, question, signatures.jwks, settings);
  switch (verified.kind) {
    case 'verified':
      return undefined;
    case 'signature_invalid':
      return notAnswered('jwt_signature_invalid', `problem="${verified.problem}"`);
    case 'key_unknown':
      return notAnswered('jwt_key_unknown', '');
    case 'unavailable':
      return verified;
  }
}
