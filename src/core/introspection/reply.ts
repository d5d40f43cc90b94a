// The authorization server's answer as it arrived, and what the log says of one that cannot be used.
import type { Unavailable } from '../answer/outcome.js';
import type { UnavailableReason } from '../answer/reasons.js';
import { notAnswered } from '../answer/unavailable.js';

/** Absent headers are ''. */
export interface IntrospectionReply {
  readonly kind: 'reply';
  /** Whether a location with introspection.conf answered; nginx may have routed the question elsewhere. */
  readonly isIntrospection: boolean;
  /** What is wrong with the limits of that location: introspection_limit.ts; '' for nothing. */
  readonly limitProblem: string;
  /** Why there is no answer, in fixed words for the log; '' when the transport tells by the status alone. */
  readonly failure: string;
  readonly status: number;
  readonly contentType: string;
  readonly contentLength: string;
  readonly cacheControl: string;
  readonly age: string;
  readonly retryAfter: string;
  readonly body: string;
  /** Bytes of the body as received; differs from `body.length` outside ASCII. */
  readonly bodyBytes: number;
}

/** Tells a reply from what an edge has still to read. */
export function isReply(answer: object): answer is IntrospectionReply {
  return (answer as IntrospectionReply).kind === 'reply';
}

export function refuseReply(reason: UnavailableReason, reply: IntrospectionReply): Unavailable {
  return notAnswered(reason, describeReply(reply));
}

/** An answer that no server should give. @param problem in our own words */
export function refuseMalformed(reply: IntrospectionReply, problem: string): Unavailable {
  return notAnswered('introspection_malformed', `${describeReply(reply)} problem="${problem}"`);
}

/** What arrived, for the log: never the body, and of the content type only its media type. */
export function describeReply(reply: IntrospectionReply): string {
  const arrived = `status=${reply.status} content_type=${mediaType(reply.contentType)} bytes=${reply.bodyBytes}`;
  return reply.failure === '' ? arrived : `${arrived} failure="${reply.failure}"`;
}

/** The media type without parameters, in lower case (RFC 9110 §8.3.1); '' when it is none. */
export function mediaType(contentType: string): string {
  if (contentType === 'application/jwt' || contentType === 'application/json') {
    return contentType; // what most servers send; the lines below cost 11,000 instructions
  }
  const type = contentType.split(';')[0] as string;
  const name = type.trim();
  // Before it is written in lower case: outside ASCII, engines differ in what that is.
  return /^[A-Za-z0-9!#$&^_.+-]+\/[A-Za-z0-9!#$&^_.+-]+$(?!\n)/.test(name) ? name.toLowerCase() : '';
}
