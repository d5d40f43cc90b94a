// What a request makes of the script only when it needs it. No part of the script that nginx runs: the build reads it.

/**
 * Files that begin a stage, in the order in which requests need them: scripts/cut.ts. Not one for each file: QuickJS keeps the
 * text of a function once for each function around it, in each context.
 */
export const STAGES: (string | string[])[] = [
  'src/core/cache/judge.ts',
  'src/gateway/rejected.ts',
  'src/gateway/miss.ts',
  'src/gateway/join.ts',
  ['src/edge/client_credentials.ts', 'src/edge/fetch.ts'],
  [
    'src/edge/fail.ts',
    'src/gateway/wait.ts',
    'src/gateway/stale.ts',
    'src/edge/waiting.ts',
    'src/edge/suspension.ts',
    'src/core/answer/unavailable.ts',
  ],
  ['src/core/settings/signature_settings.ts', 'src/gateway/presented.ts', 'src/gateway/vouch.ts'],
  [
    'src/gateway/prove_sender.ts',
    'src/edge/deny_sender.ts',
    'src/edge/sender.ts',
    'src/core/settings/sender_settings.ts',
    'src/core/settings/sender_checks.ts',
    'src/core/sender/binding.ts',
    'src/core/sender/dpop_credential.ts',
  ],
  [
    'src/operator/purge.ts',
    'src/operator/metrics.ts',
    'src/operator/jwks.ts',
    'src/operator/log_variables.ts',
  ],
];
