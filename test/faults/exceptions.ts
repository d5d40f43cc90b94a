// Where a rule of the oracle does not hold, and why that is accepted. Each has to occur as long as a cell can show it.
import { type Cell, isUrl } from './cells.js';
import type { RuleName, Violation } from './oracle.js';

export interface Exception {
  readonly name: string;
  readonly rule: RuleName;
  readonly faults: readonly string[];
  /** Says which cells with these faults it covers. */
  readonly where: string;
  readonly covers: (cell: Cell) => boolean;
  readonly why: string;
}

const AT_A_LOCATION = {
  where: 'endpoint is a location',
  covers: ({ transport }: Cell) => !isUrl(transport),
};

export const EXCEPTIONS: readonly Exception[] = [
  {
    name: 'slow bytes',
    rule: 'bounded',
    faults: ['a body without end, slowly', 'chunks without end, slowly', '103 without end'],
    ...AT_A_LOCATION,
    why: '`proxy_read_timeout` counts from one read to the next. The request is held as long as the server sends something; it is not let through, and others with its token are answered after one and a half times `$phantom_token_introspection_timeout`',
  },
  {
    name: 'over 256 kB',
    rule: 'answered',
    faults: ['300 kB', '2 MB', 'chunks without end', 'a body without end or length', '100 without end'],
    ...AT_A_LOCATION,
    why: "nginx ends the client's connection without an answer when what a subrequest gets is over `subrequest_output_buffer_size`. Nothing is let through",
  },
  {
    name: 'broken chunks',
    rule: 'answered',
    faults: [
      'a size that is no number',
      'a negative size',
      'a size beyond 64 bits',
      'a size that is too short',
      'no line break after a chunk',
    ],
    ...AT_A_LOCATION,
    why: "nginx ends the client's connection without an answer when the chunks of a subrequest's answer are broken and its headers were not. Nothing is let through",
  },
  {
    name: 'over 1 MB',
    rule: 'stale',
    faults: ['2 MB'],
    where: 'endpoint is a URL',
    covers: ({ transport, state }) => isUrl(transport) && state === 'stale',
    why: "njs's fetch gives up at `js_fetch_max_response_buffer_size`, so that such an answer counts as none, and a stale record is served where the location allows it",
  },
  {
    name: 'a length and chunks',
    rule: 'status',
    faults: ['a length and chunks'],
    where: 'endpoint is a URL, njs 0.8.9',
    covers: ({ transport, runtime, state }) =>
      isUrl(transport) && runtime === 'njs 0.8.9' && state !== 'stale',
    why: 'the fetch of njs 0.8.9 reads the chunks and does not look at the length, as RFC 9112 §6.3 allows. The JWT is whole and that of the token',
  },
  {
    name: 'a length and chunks, with a stale record',
    rule: 'stale',
    faults: ['a length and chunks'],
    where: 'endpoint is a URL, njs 0.8.9',
    covers: ({ transport, runtime, state }) =>
      isUrl(transport) && runtime === 'njs 0.8.9' && state === 'stale',
    why: 'the same: the server has answered, with a new JWT',
  },
  {
    name: 'quoted line',
    rule: 'log',
    faults: ['no empty line before the body'],
    ...AT_A_LOCATION,
    why: "nginx's line `upstream sent invalid header` quotes the first line of the body, which is the JWT; no directive of the introspection location prevents it",
  },
];

export interface Sorted {
  readonly unexplained: readonly Violation[];
  /** How many cells each exception explains, in the order of {@link EXCEPTIONS}. */
  readonly explained: readonly number[];
  /** Those that no longer occur although a cell could show them. */
  readonly gone: readonly Exception[];
}

export function sortViolations(cells: readonly Cell[], violations: readonly Violation[]): Sorted {
  return {
    unexplained: violations.filter((one) => !isExplained(one)),
    explained: EXCEPTIONS.map(
      (exception) =>
        new Set(violations.filter((one) => explains(exception, one)).map(({ cell }) => cell.id)).size,
    ),
    gone: EXCEPTIONS.filter(
      (exception) =>
        cells.some((cell) => isCovered(exception, cell)) &&
        !violations.some((one) => explains(exception, one)),
    ),
  };
}

export function isExplained(violation: Violation): boolean {
  return EXCEPTIONS.some((exception) => explains(exception, violation));
}

function explains(exception: Exception, { rule, cell }: Violation): boolean {
  return exception.rule === rule && isCovered(exception, cell);
}

function isCovered({ faults, covers }: Exception, cell: Cell): boolean {
  return faults.includes(cell.fault.name) && covers(cell);
}
