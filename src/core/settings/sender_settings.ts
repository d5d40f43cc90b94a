// The settings of a location on tokens that are bound to a key, checked. What there is to set stands in sender_table.ts.
import { Lines } from './lines.js';
import { readSenderSettings } from './parse_sender_settings.js';
import type { Findings } from './reading.js';

/** How bound tokens are taken; where they are refused, a location has none of these. */
export interface SenderSettings {
  readonly kind: 'sender_settings';
  /** `require`: unbound tokens are refused. */
  readonly constraint: 'refuse' | 'verify' | 'require';
  /** Scheme and authority of the URLs that clients use; '' where no DPoP is taken. */
  readonly dpopOrigin: string;
  /** How long the `iat` of a DPoP proof may lie back. */
  readonly dpopMaxAgeSec: number;
  /** Whether proofs need a nonce of the gateway. */
  readonly dpopNonce: 'off' | 'on';
}

/** The line that was read last, without a mistake. QuickJS keeps it for later requests, as each location has contexts of its own. */
let kept: { readonly line: string; readonly sender: SenderSettings | undefined } | undefined;

/**
 * @param line what a location says of signatures and of bound tokens: not empty
 * @returns undefined where bound tokens are refused, also for a line that parseSignatureSettings refuses
 */
export function readSender(findings: Findings, line: string): SenderSettings | undefined {
  if (kept !== undefined && kept.line === line) {
    return kept.sender;
  }
  const values = line.split('\t');
  if (values.length !== Lines.signatures) {
    return undefined;
  }
  const own = { problem: '' };
  const read = readSenderSettings(own, values);
  const sender = read.constraint === 'refuse' ? undefined : read;
  if (own.problem === '') {
    kept = { line, sender };
  } else if (findings.problem === '') {
    findings.problem = own.problem;
  }
  return sender;
}
