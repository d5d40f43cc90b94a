// docs/faults.md, from the kept results.
import { writeFile } from 'node:fs/promises';
import { markdownTable } from 'markdown-table';
import { isUrl, MODES, RUNTIMES, TRANSPORTS, type Transport } from './cells.js';
import { EXCEPTIONS } from './exceptions.js';
import { RULES } from './oracle.js';
import { columnOf, type Outcomes, type Results } from './results.js';
import { FAULTS, type Fault, type Meaning } from './table.js';

const PAGE = new URL('../../docs/faults.md', import.meta.url);

export async function writePage(results: Results): Promise<void> {
  await writeFile(PAGE, buildPage(results));
}

/** What each family does, in the order of the page. */
const FAMILIES: Readonly<Record<string, string>> = {
  refused: 'nobody listens',
  silent:
    'the connection stays open, and nothing more comes: before the request is read, and at each stage of the answer',
  reset: 'the connection is reset at each of these stages',
  closed: 'the connection is closed at each of these stages: the answer is cut at every kind of byte',
  drip: 'bytes come slowly, each of them in time, with an end and without',
  'Content-Length': 'the length is too short, too long, negative, doubled, no number',
  chunks: 'sizes that are wrong, a missing end, a second answer behind the first one, trailers',
  '1xx': '100, 101, 102, 103 and 199, before an answer, in place of one, and without end',
  '3xx': 'redirects, to this server and to another one, and 304',
  '2xx': '201 to 206 with a JWT; 204 in several forms, which says that the token is not active',
  '4xx and 5xx': 'each of these statuses without a body and with bodies that look like a permission',
  'status line': 'a status line that is not one, or an unusual one; other protocols',
  'HTTP/0.9': 'a body without a status line',
  types: 'media types and charsets that do not fit the body',
  encodings: 'gzip although it was not asked for, whole and cut; Content-Encoding that is not true',
  headers:
    'too many headers, headers that are too long or without end, broken lines, NUL, headers that nginx obeys',
  bodies:
    'no JWT, a forged one, a huge one, JSON that is broken, doubtful or says that the token is not active',
  TLS: 'certificates that must not be trusted; a handshake that hangs, is reset, or is none',
};

const MEANINGS: Readonly<Record<Meaning, string>> = {
  outage: '502, 503 or 504; a stale record is served in its place where the location allows it',
  broken: 'an answer that does not end as it should: 502, 503 or 504, or a stale record',
  unusable: 'a whole answer that says nothing about the token: 502, 503 or 504, and no stale record',
  inactive: 'the token is not active: 401 and no stale record',
  active:
    'the token is active and its whole JWT is there, in an unusual or wrong form: 200 with that JWT, or 5xx',
};

export function buildPage(results: Results): string {
  return `<!-- Written by \`npm run test:faults\`. -->

# Faults of the authorization server

For reviewers: what the gateway does when the authorization server fails, lies, or answers what no HTTP library would send.
A server on raw sockets plays ${FAULTS.length} faults; real nginx gateways meet each of them
in all combinations of the ways below. One oracle judges every request.

| | |
| - | - |
| last run | ${results.date}: ${extentOf(results)}, ${number(results.requests)} requests |
| not explained | 0 |
| explained by the [exceptions](#exceptions) | ${number(sumOf(Object.values(results.exceptions)))} cells |
| a request let through without a valid token | 0 |
| run with | ${versionsText(results)} |
| repeat it | \`npm run test:faults\` |
| the subset that is part of \`npm test\` | ${number(results.subset)} cells: \`npm run test:faults -- --subset\` |

A cell is one fault in one way. The ways are all combinations of:

${table([
  ['', 'values'],
  ['mode', MODES.join(', ')],
  ['endpoint', `${TRANSPORTS.join('; ')} (a location asks through nginx's proxy, a URL through njs's fetch)`],
  ['engine', RUNTIMES.join(', ')],
  ['state of the cache', STATES_TEXT],
])}

Combinations that cannot exist are left out: ${Object.entries(results.leftOut)
    .map(([why, count]) => `${why} (${number(count)})`)
    .join('; ')}.
${playedAgainText(results)}
## What is judged

In each cell several requests are sent: with the token that meets the fault, with a neighbour's token before, meanwhile and
afterwards, and with the first token again when the server answers well. Of every one of them must hold:

${Object.values(RULES)
  .map((rule) => `- ${rule};`)
  .join('\n')
  .replace(/;$/, '.')}

Which status fits depends on what the server said:

${table([['the server said', 'allowed'], ...Object.entries(MEANINGS)])}

Not judged here, because other tests do: signatures and minted JWTs, bound tokens, several workers, clients that leave, a name
server that fails, and several authorization servers behind one name. Each gateway has one worker, so that a fault meets all
tokens in it.

That the oracle can fail is tested as well: \`test/faults/breakages.ts\` breaks the gateway in several ways, and
\`test/nginx/faults.test.ts\` sees the oracle find each.

## Outcomes

What the request got that met the fault: the number of cells for each status. \`STALE\` is a record that has ended, served
while the server fails; \`-\` is a connection that ended, or on which nothing came in time, without an answer.

${table([
  ['family', 'cases', 'location', 'URL', 'location, with a stale record', 'URL, with a stale record'],
  ...Object.entries(FAMILIES).map(([family, what]) => {
    const faults = FAULTS.filter((fault) => fault.family === family);
    return [`**${family}**: ${what}`, String(faults.length), ...cellsOf(faults, results, countsText)];
  }),
])}

## Exceptions

Where a rule does not hold. Each is listed in \`test/faults/exceptions.ts\`, and the run fails when one no longer occurs. None
lets a request through without a valid token.

${table([
  ['faults', 'where', 'rule that does not hold', 'cells', 'why'],
  ...EXCEPTIONS.map(({ name, faults, where, rule, why }) => [
    faults.join('; '),
    where,
    RULES[rule],
    number(results.exceptions[name] ?? 0),
    why,
  ]),
])}

## Every case

${table([
  ['fault', 'said', 'location', 'URL', 'location, with a stale record', 'URL, with a stale record'],
  ...FAULTS.map((fault) => [shown(fault.name), fault.means, ...cellsOf([fault], results, statusesText)]),
])}
`;
}

const STATES_TEXT = [
  'cold',
  'hit (another token meets the fault)',
  'stale (a record that has ended, `$phantom_token_stale_if_error` is set)',
  'joined (several requests with one token)',
  'suspended (the circuit breaker is open; then the probe meets the fault)',
].join(', ');

function versionsText({ versions }: Results): string {
  return Object.entries(versions)
    .map(([runtime, text]) => (runtime.startsWith('QuickJS') ? `${text} on QuickJS` : text))
    .join('; ');
}

function extentOf({ cells, of }: Results): string {
  return cells === of
    ? `the whole matrix, ${number(of)} cells`
    : `${number(cells)} of the ${number(of)} cells of the matrix, the subset among them`;
}

function playedAgainText({ playedAgain }: Results): string {
  return playedAgain === 0
    ? ''
    : `
${number(playedAgain)} cells failed when they were played first, because good answers came after the timeouts on a busy machine,
and held when they were played again with fewer others beside them. A cell in which a request is let through, a secret is
shown or a worker ends gets no second play.
`;
}

/** The four columns: location and URL, without and with a stale record. */
function cellsOf(faults: readonly Fault[], results: Results, text: (outcomes: Outcomes) => string): string[] {
  const sumFor = (ofUrl: boolean, state: 'cold' | 'stale') =>
    merge(
      faults.flatMap(({ name }) =>
        TRANSPORTS.filter((transport: Transport) => isUrl(transport) === ofUrl).map(
          (transport) => results.outcomes[name]?.[columnOf(transport, state)] ?? {},
        ),
      ),
    );
  return [sumFor(false, 'cold'), sumFor(true, 'cold'), sumFor(false, 'stale'), sumFor(true, 'stale')].map(
    text,
  );
}

function merge(all: readonly Outcomes[]): Outcomes {
  const sums: Record<string, number> = {};
  for (const outcomes of all) {
    for (const [outcome, count] of Object.entries(outcomes)) sums[outcome] = (sums[outcome] ?? 0) + count;
  }
  return sums;
}

function countsText(outcomes: Outcomes): string {
  return byStatus(outcomes)
    .map(([outcome, count]) => `${outcome} × ${number(count)}`)
    .join(', ');
}

function statusesText(outcomes: Outcomes): string {
  return byStatus(outcomes)
    .map(([outcome]) => outcome)
    .join(', ');
}

function byStatus(outcomes: Outcomes): [string, number][] {
  return Object.entries(outcomes).toSorted(([a], [b]) => a.localeCompare(b));
}

function table(rows: readonly (readonly string[])[]): string {
  return markdownTable(rows, { alignDelimiters: false, padding: true });
}

/** As Markdown shows it. */
function shown(name: string): string {
  return name.replace(/[*_<]/g, '\\$&');
}

function number(count: number): string {
  return count.toLocaleString('en-US');
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
