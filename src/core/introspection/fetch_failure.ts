// What njs's fetch says when there is no answer. Its texts are matched, never logged.
import { awaitsClose } from '../settings/njs_version.js';

/** The status that nginx's proxy would give for the same fault, and the cause in fixed words. */
export interface FetchFailure {
  readonly status: 502 | 504;
  readonly failure: string;
}

/**
 * @param message of the exception that ngx.fetch() threw
 * @param njsVersion njs.version_number
 */
export function readFetchFailure(message: string, njsVersion: number): FetchFailure {
  if (message.includes('no resolver')) {
    return { status: 502, failure: 'a host name needs the resolver directive' };
  }
  if (message.includes('could not be resolved')) {
    return { status: 502, failure: 'the host name cannot be resolved' };
  }
  if (message.includes('timed out')) {
    return { status: 504, failure: awaitsClose(njsVersion) ? NO_ANSWER + OR_KEPT_OPEN : NO_ANSWER };
  }
  if (message.includes('too large') || message.includes('very large')) {
    return { status: 502, failure: 'the answer is over js_fetch_max_response_buffer_size' };
  }
  if (message.includes('connect failed')) {
    return {
      status: 502,
      failure: 'cannot connect, or js_fetch_trusted_certificate does not trust the server',
    };
  }
  return { status: 502, failure: 'the connection failed' };
}

const NO_ANSWER = 'no answer within js_fetch_timeout';
// What to do about it says adviceTable() of failure_line.ts.
const OR_KEPT_OPEN = ', or a connection that the server keeps open, where njs below 1.0.2 waits for its end';
