// The README's picture: a bar for each gateway, the bare part of it and what is added, as SVG.
import { cellOf, type RowResult, type SpeedResults } from './results.js';
import type { WorkloadName } from './rows.js';

const WIDTH = 760;
/** Between a label and its bar. */
const LABEL_GAP = 10;
/** Of one character at 13px. Each viewer has its own font; DejaVu Sans Mono, one of the widest, takes 7.83. */
const CHARACTER_WIDTH = 8;
const VALUE_WIDTH = 130;
const BAR_HEIGHT = 18;
const LINE_HEIGHT = 26;
const HEAD_HEIGHT = 40;
const PANELS: readonly [WorkloadName, string][] = [
  ['hot', 'One hot token: CPU µs for each request'],
  ['many', '100,000 cached tokens in turn'],
];
const ROW_NAMES = [
  'bare',
  'stock',
  'access-qjs',
  'access-njs',
  'auth-request-qjs',
  'auth-request-njs',
  'auth-request-legacy',
];

// Read on white and on GitHub's dark page alike; the picture itself has no background.
const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
  .head { font-weight: 600; }
  .bare { fill: #8c959f; }
  .added { fill: #2f81f7; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .spread { stroke: #e6edf3; }
  }`;

interface Bar {
  readonly label: string;
  readonly bareUs: number;
  readonly wholeUs: number;
  readonly halfRangeUs: number;
  readonly isBare: boolean;
}

export function drawChart(results: SpeedResults): string {
  const panels = PANELS.map(([workload, title]) => ({ title, bars: barsOf(results, workload) }));
  const all = panels.flatMap(({ bars }) => bars);
  const longestUs = Math.max(...all.map(({ wholeUs, halfRangeUs }) => wholeUs + halfRangeUs));
  const left = Math.max(...all.map(({ label }) => label.length)) * CHARACTER_WIDTH + LABEL_GAP;
  const scale = (WIDTH - left - VALUE_WIDTH) / longestUs;
  const parts: string[] = [];
  let top = 0;
  for (const { title, bars } of panels) {
    parts.push(`<text class="head" x="0" y="${top + 24}">${escapeXml(title)}</text>`);
    top += HEAD_HEIGHT;
    for (const bar of bars) {
      parts.push(drawBar(bar, top, { left, scale }));
      top += LINE_HEIGHT;
    }
  }
  const description = all.map(({ label, wholeUs }) => `${label}: ${wholeUs.toFixed(1)}`).join('; ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 8}" width="${WIDTH}" height="${top + 8}" role="img">
<title>CPU time for each request, in microseconds</title>
<desc>${escapeXml(description)}</desc>
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`;
}

function barsOf(results: SpeedResults, workload: WorkloadName): Bar[] {
  return ROW_NAMES.flatMap((name) => {
    const row = results.rows.find((candidate) => candidate.name === name);
    return row === undefined ? [] : barOf(results, row, workload);
  });
}

function barOf(results: SpeedResults, row: RowResult, workload: WorkloadName): Bar[] {
  const cell = cellOf(results, row, workload);
  if (cell === undefined) return [];
  const { median: wholeUs, halfRange: halfRangeUs } = cell.cpuUs;
  const bareUs = Math.min(wholeUs, wholeUs - cell.addedCpuUs.median);
  const label = row.title.replaceAll('`', '');
  return [{ label, bareUs, wholeUs, halfRangeUs, isBare: row.name === row.bare }];
}

interface Axis {
  /** Where the bars begin. */
  readonly left: number;
  /** Pixels for a microsecond. */
  readonly scale: number;
}

function drawBar(
  { label, bareUs, wholeUs, halfRangeUs, isBare }: Bar,
  top: number,
  { left, scale }: Axis,
): string {
  const x = (us: number) => (left + us * scale).toFixed(1);
  const width = (us: number) => (us * scale).toFixed(1);
  const middle = top + BAR_HEIGHT / 2;
  const added = isBare ? '' : ` (+${(wholeUs - bareUs).toFixed(1)})`;
  return [
    `<text x="${left - LABEL_GAP}" y="${top + 14}" text-anchor="end">${escapeXml(label)}</text>`,
    `<rect class="bare" x="${x(0)}" y="${top}" width="${width(bareUs)}" height="${BAR_HEIGHT}"/>`,
    `<rect class="added" x="${x(bareUs)}" y="${top}" width="${width(wholeUs - bareUs)}" height="${BAR_HEIGHT}"/>`,
    `<line class="spread" x1="${x(wholeUs - halfRangeUs)}" x2="${x(wholeUs + halfRangeUs)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${x(wholeUs + halfRangeUs)}" dx="8" y="${top + 14}">${wholeUs.toFixed(1)}${added}</text>`,
  ].join('\n');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
