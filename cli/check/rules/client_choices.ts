// Settings that a client could choose, and certificates that never arrive.
import { type Finding, found } from '../finding.js';
import { named } from '../layout.js';
import type { ProtectedLocation } from '../protection.js';
import { type Assignment, assignmentsOf } from '../settings_in_force.js';

/** They say whether a request is let through, and none of them is the token. */
const DECISIVE = [
  'phantom_token',
  'phantom_token_required_scopes',
  'phantom_token_audience',
  'phantom_token_issuer',
  'phantom_token_sender_constraint',
  'phantom_token_dpop_origin',
  'phantom_token_dpop_max_age',
  'phantom_token_dpop_nonce',
  'phantom_token_caller_certificate',
  'phantom_token_accept_jwt',
];
/** Variables that hold what a client has sent, whatever that is. */
const SENT = /\$\{?(http_\w+|arg_\w+|cookie_\w+|host|args|query_string|request_body)\b/i;

export function checkClientChoices(location: ProtectedLocation): Finding[] {
  return DECISIVE.flatMap((variable) => assignmentsOf(location, variable))
    .filter(({ value, condition }) => SENT.test(value) || SENT.test(condition))
    .map((assignment) => found('client_decides', assignment.at, sentenceOf(assignment)));
}

function sentenceOf({ variable, value, condition }: Assignment): string {
  const sent = (SENT.exec(value) ?? SENT.exec(condition))?.[0];
  return `$${variable} is set by ${sent}`;
}

const CERTIFICATES = /^\$\{?ssl_client_(raw_cert|escaped_cert|cert)\}?$/i;

export function checkCertificate(location: ProtectedLocation): Finding[] {
  const { own, isWhole } = location.server;
  const isAsked = !isWhole || named(own, 'ssl_verify_client').some(({ args }) => args[0] !== 'off');
  return assignmentsOf(location, 'phantom_token_caller_certificate')
    .filter(({ value }) => /\$\{?ssl_/i.test(value) && !(CERTIFICATES.test(value) && isAsked))
    .map(({ value, at }) =>
      found(
        'certificate_unusable',
        at,
        CERTIFICATES.test(value) ? `The server asks for no certificate` : `${value} is no certificate`,
      ),
    );
}
