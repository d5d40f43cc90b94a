// What was found out about each version of njs, as results.json keeps it.
import type { Setup } from '../support/setup.js';

export interface Way {
  readonly mode: Setup['mode'];
  readonly endpoint: Setup['endpoint'];
  readonly engine: Setup['engine'];
}

export type Outcome =
  /** nginx refuses the configuration, with this message. */
  | { readonly kind: 'no start'; readonly message: string }
  /** The script refuses to serve with 500, and logs this. */
  | { readonly kind: 'refused'; readonly message: string }
  /** The module has no such engine. */
  | { readonly kind: 'no engine'; readonly message: string }
  | { readonly kind: 'serves'; readonly passed: number; readonly failed: readonly string[] };

/** What ngx.fetch() does with a complete answer after which the connection stays open. */
export type Reading = 'reads' | 'waits' | 'fails';

/** What probe_faults.ts provokes in an engine. */
export interface Faults {
  readonly engine: Way['engine'];
  /** Absent where there is no js_access. */
  readonly opensOnEarlyFailure?: boolean | undefined;
  /** Workers that died while 600 clients hung up. */
  readonly crashesOnHangUp: number;
  readonly crashesOnEviction: boolean;
  readonly fetch: { readonly length: Reading; readonly chunked: Reading; readonly empty204: Reading };
}

export interface FaultRow {
  readonly njs: string;
  readonly nginx: string;
  readonly faults: Faults;
}

export interface Row {
  readonly njs: string;
  readonly nginx: string;
  /** `package` for Debian's own module, otherwise the commit that was built. */
  readonly built: string;
  readonly way: Way;
  readonly outcome: Outcome;
}

export interface Results {
  /** Of the last run, in UTC. */
  readonly date: string;
  readonly rows: readonly Row[];
  readonly faults: readonly FaultRow[];
}

export const WAYS: readonly Way[] = (['access', 'auth_request'] as const).flatMap((mode) =>
  (['location', 'url'] as const).flatMap((endpoint) =>
    (['njs', 'qjs'] as const).map((engine) => ({ mode, endpoint, engine })),
  ),
);

interface Tried {
  readonly njs: string;
  readonly nginx: string;
}

/** What a run has found out takes the place of what is known of the same njs with the same nginx. */
export function merge<T extends Tried>(before: readonly T[], after: readonly T[]): T[] {
  const isNew = new Set(after.map(combinationOf));
  const kept = before.filter((row) => !isNew.has(combinationOf(row)));
  return [...kept, ...after].sort(
    (a, b) => compareVersions(b.nginx, a.nginx) || compareVersions(a.njs, b.njs),
  );
}

function combinationOf({ njs, nginx }: Tried): string {
  return `${njs} ${nginx}`;
}

/** For example 0.8.9 before 0.8.10. */
export function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
