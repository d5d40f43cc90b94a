// What a request makes of the script only when it needs it. No part of the script that nginx runs: the build reads it.

/** Files that begin a stage together. */
export interface Stage {
  readonly files: readonly string[];
  /**
   * The first file of the stage in which this one is nested, which then is beside the path: the stages after it are made without
   * it. Left out: nested in the one before it on the path.
   */
  readonly within?: string;
}

const JUDGE = 'src/core/cache/judge.ts';
const WAYS_IN = 'src/gateway/ways_in.ts';
const BOUND = 'src/gateway/bound.ts';
const UNDECIDED = 'src/gateway/undecided.ts';

/**
 * In the order in which requests need them: scripts/cut.ts. Not one for each file: QuickJS keeps the text of a function once for
 * each function around it, in each context.
 */
export const STAGES: readonly Stage[] = [
  { files: [JUDGE] },
  // Beside the path: those who ask about a request or a token of others.
  { files: [WAYS_IN, 'src/edge/answer_grant.ts'], within: JUDGE },
  { files: ['src/gateway/introspection_way.ts'], within: WAYS_IN },
  { files: ['src/gateway/rejected.ts'] },
  { files: [UNDECIDED] },
  // Beside the path, for bound tokens; what they share with the path stands alone.
  { files: ['src/core/token/jwt.ts'], within: UNDECIDED },
  { files: ['src/gateway/miss.ts'] },
  { files: ['src/gateway/join.ts'] },
  { files: ['src/edge/client_credentials.ts', 'src/edge/fetch.ts'] },
  {
    files: [
      'src/edge/fail.ts',
      'src/gateway/wait.ts',
      'src/gateway/stale.ts',
      'src/edge/waiting.ts',
      'src/edge/suspension.ts',
      'src/core/answer/unavailable.ts',
    ],
  },
  { files: ['src/gateway/malformed.ts', 'src/core/answer/json_answer.ts'], within: UNDECIDED },
  { files: ['src/edge/verify_signature.ts', 'src/core/signature/public_key.ts'], within: UNDECIDED },
  { files: ['src/core/settings/signature_settings.ts', 'src/gateway/presented.ts', 'src/gateway/vouch.ts'] },
  {
    files: [
      BOUND,
      'src/gateway/prove_sender.ts',
      'src/edge/sender.ts',
      'src/core/settings/sender_settings.ts',
      'src/core/sender/dpop_credential.ts',
    ],
    within: UNDECIDED,
  },
  {
    files: [
      'src/gateway/prove_key.ts',
      'src/edge/deny_sender.ts',
      'src/edge/forwarded.ts',
      'src/gateway/hand_out.ts',
      'src/core/settings/sender_checks.ts',
      'src/core/sender/binding.ts',
    ],
    within: BOUND,
  },
  {
    files: [
      'src/operator/purge.ts',
      'src/operator/metrics.ts',
      'src/operator/jwks.ts',
      'src/operator/log_variables.ts',
    ],
  },
];
