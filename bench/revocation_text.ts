// What docs/security.md says of the time that an ended token still passes, written from bench/results/revocation.json.
import { markdownTable } from 'markdown-table';
import { max, median, min } from 'simple-statistics';
import type { RevocationResults, RevocationRow } from './results.js';
import { machineText } from './results_text.js';

interface Line {
  readonly name: string;
  readonly figure: string;
  readonly done: string;
  readonly counted: string;
  /** As shipped; the run's own limit is in its results. */
  readonly atMost: string;
}

export const LINES: readonly Line[] = [
  {
    name: 'revocation',
    figure: 'token',
    done: 'the token is revoked at the server',
    counted: 'the last request with the token',
    atMost: '`$phantom_token_cache_ttl`: 300 s',
  },
  {
    name: 'purge',
    figure: 'sent',
    done: 'a purge of the token is sent',
    counted: 'the last request with the token',
    atMost: 'until the purge is answered, and those under way then',
  },
  {
    name: 'purge',
    figure: 'answered',
    done: 'the purge is answered',
    counted: 'the last request with the token',
    atMost: 'those under way; none that is sent later',
  },
  {
    name: 'secret',
    figure: 'question',
    done: "the gateway's secret is replaced in its file",
    counted: 'the last introspection with the old secret',
    atMost: 'those under way',
  },
  {
    name: 'assertion',
    figure: 'question',
    done: "the gateway's key (private_key_jwt) is replaced in its file",
    counted: 'the last introspection with an assertion by the old key, which the server refuses',
    atMost: 'those under way',
  },
  {
    name: 'key',
    figure: 'new',
    done: "a key is removed from the server's set",
    counted: 'the last new JWT signed by it',
    atMost: '300 s, and while one request fetches the set, 60 s at most',
  },
  {
    name: 'key',
    figure: 'cached',
    done: 'the same',
    counted: 'the last request with a cached JWT signed by it',
    atMost: 'the same, and `$phantom_token_cache_ttl`: 300 s more',
  },
  {
    name: 'unknown_key',
    figure: 'new',
    done: 'the same, and then a JWT comes whose `kid` is in no set',
    counted: 'the last new JWT signed by the removed key',
    atMost: '30 s after the fetch before, and those under way',
  },
];

export function revocationText(results: RevocationResults): string {
  const titles = new Map(results.rows.map(({ setup, title }) => [setup, title]));
  const head = ['what is done', 'until', 'at most, as shipped', 'limit in this run', ...titles.values()];
  const lines = LINES.map(({ name, figure, done, counted, atMost }) => {
    const ofLine = results.rows.filter((row) => row.name === name && row.figure === figure);
    const limitMs = ofLine[0]?.limitMs ?? 0;
    const rows = [...titles.keys()].map((setup) => ofLine.find((row) => row.setup === setup));
    return [done, counted, atMost, limitMs > 0 ? grouped(limitMs) : '', ...rows.map(cell)];
  });
  const rates = results.rows.map(({ requestsPerSec }) => requestsPerSec);
  return [
    markdownTable([head, ...lines], { alignDelimiters: false }),
    `Milliseconds: median, **maximum** and, where the run has a limit, by how much the maximum lies beyond it, of ` +
      `${grouped(results.tries)} tries in each cell. ${results.workers} workers; three or four clients of each try send one ` +
      `request after the other, over both, together ${Math.floor(min(rates))} to ${Math.ceil(max(rates))} requests a second. ` +
      `\`${results.command}\`. ${machineText(results)}`,
  ].join('\n\n');
}

/** @param row  undefined where it was not measured */
function cell(row: RevocationRow | undefined): string {
  if (row === undefined) return '';
  const { delaysMs, limitMs } = row;
  const last = max([...delaysMs]);
  const whole = `${grouped(Math.round(median([...delaysMs])))}, **${grouped(last)}**`;
  return limitMs > 0 ? `${whole}, ${signed(last - limitMs)}` : whole;
}

function signed(value: number): string {
  return value < 0 ? `−${grouped(-value)}` : `+${grouped(value)}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
