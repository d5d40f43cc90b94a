// The cells of the matrix: every fault by every way, without those that cannot exist, and the subset for `npm run test:nginx`.
import { FAULTS, type Fault } from './table.js';

/** nginx with an njs and its engine. With the modes that follow, these are the five set-ups of the nginx tests. */
export const RUNTIMES = ['njs 1.0.2', 'QuickJS 1.0.2', 'njs 0.8.9'] as const;
export const MODES = ['access', 'auth_request', 'forward auth', 'introspection cache'] as const;
/** How the gateway reaches the authorization server. */
export const TRANSPORTS = ['location, http', 'location, https', 'URL, http', 'URL, https'] as const;
export const STATES = ['cold', 'hit', 'stale', 'joined', 'suspended'] as const;

export type Runtime = (typeof RUNTIMES)[number];
export type Mode = (typeof MODES)[number];
export type Transport = (typeof TRANSPORTS)[number];
export type State = (typeof STATES)[number];

export interface Cell {
  /** In the path of each request of the cell, so that lines of the logs can be told apart. */
  readonly id: string;
  readonly fault: Fault;
  readonly runtime: Runtime;
  readonly mode: Mode;
  readonly transport: Transport;
  readonly state: State;
}

export const isHttps = (transport: Transport) => transport.endsWith('https');
export const isUrl = (transport: Transport) => transport.startsWith('URL');

interface Rule {
  readonly why: string;
  readonly applies: (cell: Omit<Cell, 'id'>) => boolean;
}

/** Why a combination cannot exist. The first one that applies is counted. */
const LEFT_OUT: readonly Rule[] = [
  {
    why: 'njs 0.8.9 has no js_access, so no access mode',
    applies: ({ runtime, mode }) => runtime === 'njs 0.8.9' && mode === 'access',
  },
  {
    why: 'a fault of TLS needs https',
    applies: ({ fault, transport }) => fault.at === 'connection' && fault.isTlsOnly && !isHttps(transport),
  },
];

export interface Matrix {
  readonly cells: readonly Cell[];
  /** How many combinations each rule leaves out. */
  readonly leftOut: Readonly<Record<string, number>>;
}

export function wholeMatrix(faults: readonly Fault[] = FAULTS): Matrix {
  const cells: Cell[] = [];
  const leftOut: Record<string, number> = Object.fromEntries(LEFT_OUT.map(({ why }) => [why, 0]));
  for (const fault of faults) {
    for (const way of WAYS) {
      const cell = { fault, ...way };
      const rule = LEFT_OUT.find(({ applies }) => applies(cell));
      if (rule === undefined) cells.push({ id: `c${cells.length}`, ...cell });
      else leftOut[rule.why] = (leftOut[rule.why] ?? 0) + 1;
    }
  }
  return { cells, leftOut };
}

type Way = Pick<Cell, 'runtime' | 'mode' | 'transport' | 'state'>;

const WAYS: readonly Way[] = RUNTIMES.flatMap((runtime) =>
  MODES.flatMap((mode) =>
    TRANSPORTS.flatMap((transport) => STATES.map((state) => ({ runtime, mode, transport, state }))),
  ),
);

/**
 * The subset meets every pair of a fault with a runtime, a mode, a transport and a state, and every triple of these four,
 * whatever the fault. Made greedily: for each fault in turn, the cell that meets most of the fault's pairs that are still open, and of
 * several the one whose triples were met least often.
 */
export function subsetOf(cells: readonly Cell[]): Cell[] {
  const tripleCounts = new Map<string, number>();
  const countOf = (cell: Cell) => triplesOf(cell).reduce((sum, one) => sum + (tripleCounts.get(one) ?? 0), 0);
  const chosen: Cell[] = [];
  for (const fault of new Set(cells.map((cell) => cell.fault))) {
    const ofFault = cells.filter((cell) => cell.fault === fault);
    const open = new Set(ofFault.flatMap(valuesOf));
    while (open.size > 0) {
      const gainOf = (cell: Cell) => valuesOf(cell).filter((one) => open.has(one)).length;
      const most = Math.max(...ofFault.map(gainOf));
      const best = ofFault
        .filter((cell) => gainOf(cell) === most)
        .reduce((least, cell) => (countOf(cell) < countOf(least) ? cell : least));
      for (const one of valuesOf(best)) open.delete(one);
      for (const one of triplesOf(best)) tripleCounts.set(one, (tripleCounts.get(one) ?? 0) + 1);
      chosen.push(best);
    }
  }
  return chosen;
}

export const valuesOf = ({ runtime, mode, transport, state }: Cell): string[] => [
  runtime,
  mode,
  transport,
  state,
];

/** Every three of the four values of a way. */
export function triplesOf(cell: Cell): string[] {
  const values = valuesOf(cell);
  return values.map((_, without) => values.filter((_value, i) => i !== without).join(' | '));
}
