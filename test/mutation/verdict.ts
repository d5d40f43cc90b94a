import type { Mutant } from './mutants.js';

export interface Verdict {
  readonly mutant: Mutant;
  /** `uncovered`: no test reaches it, so it survives. */
  readonly status: 'killed' | 'timeout' | 'survived' | 'uncovered';
  /** The first test that fails, or the file whose tests do not end. */
  readonly killedBy?: string;
}
