// Runs cells against the gateways and judges them.
import pLimit from 'p-limit';
import { SECRET_MARKS } from '../support/secret_marks.js';
import { type Cell, RUNTIMES, type Runtime } from './cells.js';
import { type Breakage, type FaultGateway, type StoppedGateway, startFaultGateway } from './gateway.js';
import { judgeCell, type RuleName, type Traces, type Violation } from './oracle.js';
import { type Played, playCell, type Step } from './run_cell.js';
import { type FaultyServers, jwtOf, startFaultyServers } from './servers.js';

/** Most cells wait for the end of a record or of a suspension, so that more of them run at once. */
const CELLS_FOR_EACH_BUSY = 8;
/** Of these, so many have requests under way: in the first play, and in those of cells that failed. */
const BUSY_AT_ONCE = [48, 8, 1] as const;
const STRIDE = 7919;

/** What a cell came to: that of the request that met the fault. */
export interface CellResult {
  readonly cell: Cell;
  /** A status, with `STALE` where a record stood in; `-` where there was no answer. */
  readonly outcome: string;
  readonly requests: number;
}

export interface RunResult {
  readonly results: readonly CellResult[];
  readonly violations: readonly Violation[];
  /** What an earlier play of a cell showed, and its last one did not. */
  readonly notRepeated: readonly Violation[];
  readonly unwell: readonly Unwell[];
}

/** What breaks a rule, and cannot be told to be of one cell. */
export interface Unwell {
  readonly rule: RuleName;
  readonly runtime: Runtime;
  readonly detail: string;
}

export interface RunOptions {
  readonly breakage?: Breakage;
  readonly onCell?: () => void;
  /** Says which violations are known: their cells are not played again. */
  readonly isKnown?: (violation: Violation) => boolean;
}

export async function runCells(cells: readonly Cell[], options: RunOptions = {}): Promise<RunResult> {
  const runs: RunResult[] = [];
  for (const runtime of RUNTIMES) {
    const own = cells.filter((cell) => cell.runtime === runtime);
    if (own.length === 0) continue;
    runs.push(await playUntilClear(runtime, own, options));
  }
  return {
    results: runs.flatMap(({ results }) => results),
    violations: runs.flatMap(({ violations }) => violations),
    notRepeated: runs.flatMap(({ notRepeated }) => notRepeated),
    unwell: runs.flatMap(({ unwell }) => unwell),
  };
}

/** A cell in which one of these is broken gets no second play: no lack of time can break them. */
const NEVER_FOR_LACK_OF_TIME: readonly RuleName[] = ['api', 'opaque', 'jwt', 'challenge', 'log', 'worker'];

/**
 * On a machine that is too busy, good answers come after the timeouts, and a cell fails for it. So cells that fail are played again,
 * with fewer beside them, and at last alone.
 */
async function playUntilClear(
  runtime: Runtime,
  cells: readonly Cell[],
  options: RunOptions,
): Promise<RunResult> {
  const [atFirst, ...later] = BUSY_AT_ONCE;
  let run = await playOn(runtime, cells, atFirst, options);
  for (const busyAtOnce of options.breakage === undefined ? later : []) {
    const unclear = unclearCells(run.violations, options);
    if (unclear.size === 0) break;
    run = replaceCells(run, unclear, await playOn(runtime, [...unclear], busyAtOnce, options));
  }
  return run;
}

function unclearCells(violations: readonly Violation[], { isKnown }: RunOptions): Set<Cell> {
  const unexplained = violations.filter((one) => isKnown?.(one) !== true);
  const certain = unexplained.filter(({ rule }) => NEVER_FOR_LACK_OF_TIME.includes(rule));
  const isCertain = new Set(certain.map(({ cell }) => cell));
  return new Set(unexplained.map(({ cell }) => cell).filter((cell) => !isCertain.has(cell)));
}

function replaceCells(before: RunResult, cells: ReadonlySet<Cell>, again: RunResult): RunResult {
  const findingOf = ({ rule, cell }: Violation) => `${rule} ${cell.id}`;
  const repeated = new Set(again.violations.map(findingOf));
  const isReplaced = ({ cell }: { cell: Cell }) => cells.has(cell);
  return {
    results: [...before.results.filter((one) => !isReplaced(one)), ...again.results],
    violations: [...before.violations.filter((one) => !isReplaced(one)), ...again.violations],
    notRepeated: [
      ...before.notRepeated,
      ...before.violations.filter((one) => isReplaced(one) && !repeated.has(findingOf(one))),
    ],
    unwell: [...before.unwell, ...again.unwell],
  };
}

async function playOn(
  runtime: Runtime,
  cells: readonly Cell[],
  busyAtOnce: number,
  options: RunOptions,
): Promise<RunResult> {
  const servers = await startFaultyServers();
  const gateway = await startFaultGateway(runtime, servers, options.breakage);
  let played: Played[];
  let stopped: StoppedGateway;
  try {
    played = await playAll(cells, gateway, servers, busyAtOnce, options);
  } finally {
    stopped = await gateway.stop();
    await servers.close();
  }
  return judge(runtime, played, gateway, stopped);
}

function playAll(
  cells: readonly Cell[],
  gateway: FaultGateway,
  servers: FaultyServers,
  busyAtOnce: number,
  { onCell }: RunOptions,
): Promise<Played[]> {
  const inTurn = pLimit(busyAtOnce * CELLS_FOR_EACH_BUSY);
  const busy = pLimit(busyAtOnce);
  const play = (cell: Cell) => playCell(cell, gateway, servers, busy).finally(() => onCell?.());
  return Promise.all(mixed(cells).map((cell) => inTurn(() => play(cell))));
}

/** Always the same order, in which slow faults are among quick ones: steps of a prime number go through all of them. */
function mixed(cells: readonly Cell[]): Cell[] {
  const step = cells.length % STRIDE === 0 ? 1 : STRIDE;
  return cells.map((_cell, i) => cells[(i * step) % cells.length] as Cell);
}

function judge(
  runtime: Runtime,
  played: readonly Played[],
  gateway: FaultGateway,
  stopped: StoppedGateway,
): RunResult {
  const errors = errorsByPath(stopped.errorLog);
  const tracesOf = ({ path, token }: Step): Traces => ({
    reachedApi: gateway.reachedApi(path).map(({ rawHeaders, body, headers }) => ({
      text: `${rawHeaders.join('\n')}\n${body}`,
      authorization: headers.authorization,
    })),
    log: stopped.accessLog.get(path),
    errors: errors.get(path) ?? [],
    jwt: jwtOf(token),
  });
  return {
    results: played.map((one) => resultOf(one, stopped)),
    violations: played.flatMap((one) => judgeCell(one, tracesOf)),
    notRepeated: [],
    unwell: findUnwell(runtime, gateway, stopped),
  };
}

/** nginx names the request in a line; its path begins with the mode. */
const PATH = /request: "\w+ (\/\S+) /;

function errorsByPath(lines: readonly string[]): Map<string, string[]> {
  const byPath = new Map<string, string[]>();
  for (const line of lines) {
    const path = PATH.exec(line)?.[1] ?? '';
    const before = byPath.get(path);
    if (before === undefined) byPath.set(path, [line]);
    else before.push(line);
  }
  return byPath;
}

function findUnwell(runtime: Runtime, gateway: FaultGateway, stopped: StoppedGateway): Unwell[] {
  const elsewhere = gateway.reachedElsewhere().map((path) => ({ rule: 'api' as const, detail: path }));
  return [...findInLogs(stopped), ...elsewhere].map((found) => ({ runtime, ...found }));
}

/** Lines about a request are judged with its cell. */
export function findInLogs({ errorLog, accessLog, workerCount }: StoppedGateway): Omit<Unwell, 'runtime'>[] {
  const alerts = errorLog.filter((line) => /\[emerg\]|\[alert\]|exited on signal/.test(line));
  const secrets = errorLog.filter((line) => !PATH.test(line) && holdsSecret(line));
  return [
    ...alerts.map((detail) => ({ rule: 'worker' as const, detail })),
    ...(workerCount === 1
      ? []
      : [{ rule: 'worker' as const, detail: `${workerCount} workers were started` }]),
    ...secrets.map(() => ({ rule: 'log' as const, detail: 'a line of the error log' })),
    ...[...accessLog.keys()]
      .filter(holdsSecret)
      .map(() => ({ rule: 'log' as const, detail: 'a line of the access log' })),
  ];
}

function holdsSecret(text: string): boolean {
  return SECRET_MARKS.some((mark) => mark.test(text));
}

function resultOf({ cell, steps }: Played, { accessLog }: StoppedGateway): CellResult {
  const step = steps.find(({ expects, path }) =>
    cell.state === 'suspended' ? expects === 'faulty' && path.endsWith('-probe') : isOfFault(expects),
  );
  const cacheStatus = step && accessLog.get(step.path)?.cacheStatus;
  const status = step?.answer.kind === 'answer' ? String(step.answer.status) : '-';
  return { cell, outcome: cacheStatus === 'STALE' ? `${status} STALE` : status, requests: steps.length };
}

function isOfFault(expects: Step['expects']): boolean {
  return expects === 'faulty' || expects === 'stale';
}
