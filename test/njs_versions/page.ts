// docs/njs_versions.md from what was found out.
import { markdownTable } from 'markdown-table';
import type { FaultRow, Outcome, Results, Row, Way } from './results.js';

const ENGINES: Record<Way['engine'], string> = { njs: "njs's own engine", qjs: 'QuickJS' };

/** The whole page. */
export function buildPage(results: Results): string {
  const messages = messagesOf(results.rows);
  return `# njs by version

<!-- Written by \`npm run test:njs\` from test/njs_versions/results.json. Do not edit. -->

Which way of working serves on which njs, as tried on ${results.date}. What you need is in the
[README's requirements](../README.md#requirements) and in [auth_request.md](auth_request.md#which-njs); this page is the
evidence.

Each version was built as a module from its tag in njs's public source, with the compiler and for the nginx of Debian, and
QuickJS 2025-04-26; \`package\` is Debian's own module, as \`npm test\` uses it. Then each of them got one token in each way. Where
it was served, the main cases of \`test/nginx\` ran (\`MAIN_CASES\` in \`test/njs_versions/try_way.ts\`). A test that failed was run
a second time, in case the machine was busy with something else; \`npm test\` runs all of them on Debian's modules.

Numbers are tests that passed. **500** and **no start** are fail-closed: nothing reaches the API. Their reasons are
[below](#reasons).

${sectionsOf(results.rows, messages)}
## Reasons

${messages.map((message, i) => `${i + 1}. \`${message}\``).join('\n')}

${failuresOf(results.rows)}## Faults of njs

The script turns versions away, or warns of them, for these faults. Each was provoked by a small script of its own, without
the gateway, to see which versions have it. A test compares this table with \`src/core/settings/njs_version.ts\`: a version is
turned away where it has the fault, and only there.

${faultTable(results.faults)}

- **Early failure**: js_access lets a request through when its handler rejects before it waits for anything. On such a
  version the script refuses access mode; it also starts every request at 500, so that a failure of its own would not open
  anything.
- **Hang-ups**: workers that died while 600 clients hung up within 20 ms of their request, each during \`r.subrequest()\`.
  glibc overwrote freed memory (\`MALLOC_PERTURB_\`); without that the fault is the same, but a crash is rare.
- **Full zone**: whether the worker died when an entry that had ended was added again to a full zone with \`evict\`.
- **Kept open**: whether \`ngx.fetch()\` reads a complete answer while the server keeps the connection open, or waits until
  its timeout: with a length, chunked, and a 204 without a length. \`fails\`: QuickJS has no \`ngx.fetch()\` there.

## Repeat it

As root, with a clone of github.com/nginx/njs and the sources of QuickJS (bellard.org):

\`\`\`sh
npm run test:njs -- --source njs --quickjs quickjs --versions 0.9.4,1.0.0
npm run test:njs -- --nginx legacy --versions package
\`\`\`

Only what was tried anew is replaced in the results.

## Not tried

- Versions that are not in the tables. Of 1.0.1 neither the release's source nor a package was at hand: the commit in the
  table is older and has not yet the fix of js_access that njs's CHANGES name for 1.0.1.
${notRun(results.rows)}- QuickJS before njs 0.8.10, which does not compile with QuickJS 2025-04-26.
- Other builds of the same versions: nginx.org's packages, and njs built into nginx.
- With each version: TLS at the gateway, HTTP/2, HTTP/3, reloads and load.
`;
}

/** nginx takes a second to start with 0.8.6, ten times as long as with 0.8.9, and each test starts one. */
function notRun(rows: readonly Row[]): string {
  return rows.some(({ njs }) => njs === '0.8.6')
    ? ''
    : `- The main cases on njs 0.8.6, except 26 tests of credentials and refusals in auth_request mode with a location, which
  passed. Its faults are in the table.
`;
}

function sectionsOf(rows: readonly Row[], messages: readonly string[]): string {
  const nginxVersions = [...new Set(rows.map(({ nginx }) => nginx))];
  const sections = nginxVersions.flatMap((nginx) =>
    (['njs', 'qjs'] as const).map((engine) => {
      const some = rows.filter((row) => row.nginx === nginx && row.way.engine === engine);
      const isThere = some.some(({ outcome }) => outcome.kind !== 'no engine');
      return isThere ? `## nginx ${nginx}, ${ENGINES[engine]}\n\n${wayTable(some, messages)}\n` : '';
    }),
  );
  return sections.filter((section) => section !== '').join('\n');
}

const COLUMNS = [
  { mode: 'access', endpoint: 'location' },
  { mode: 'access', endpoint: 'url' },
  { mode: 'auth_request', endpoint: 'location' },
  { mode: 'auth_request', endpoint: 'url' },
] as const;

/** A line for each version, a column for each mode and kind of endpoint. */
function wayTable(rows: readonly Row[], messages: readonly string[]): string {
  const head = ['njs', 'built from', ...COLUMNS.map(({ mode, endpoint }) => `${mode}, ${NAMES[endpoint]}`)];
  const versions = [...new Set(rows.map(({ njs }) => njs))];
  const lines = versions.map((njs) => {
    const ofVersion = rows.filter((row) => row.njs === njs);
    const cells = COLUMNS.map(({ mode, endpoint }) => {
      const row = ofVersion.find(({ way }) => way.mode === mode && way.endpoint === endpoint);
      return row === undefined ? '' : cellOf(row.outcome, messages);
    });
    return [njs, `\`${ofVersion[0]?.built}\``, ...cells];
  });
  return markdownTable([head, ...lines]);
}

const NAMES: Record<Way['endpoint'], string> = { location: 'location', url: 'URL' };

function cellOf(outcome: Outcome, messages: readonly string[]): string {
  switch (outcome.kind) {
    case 'serves':
      return outcome.failed.length === 0
        ? `${outcome.passed}`
        : `${outcome.passed} of ${outcome.passed + outcome.failed.length}`;
    case 'refused':
      return `**500** (${messages.indexOf(outcome.message) + 1})`;
    case 'no start':
      return `**no start** (${messages.indexOf(outcome.message) + 1})`;
    case 'no engine':
      return 'no QuickJS';
  }
}

function messagesOf(rows: readonly Row[]): string[] {
  const found = rows.flatMap(({ outcome }) =>
    outcome.kind === 'refused' || outcome.kind === 'no start' ? [outcome.message] : [],
  );
  return [...new Set(found)];
}

/** The tests that failed twice; '' when there are none. */
function failuresOf(rows: readonly Row[]): string {
  const items = rows.flatMap(({ njs, nginx, way, outcome }) =>
    outcome.kind === 'serves'
      ? outcome.failed.map(
          (title) =>
            `- njs ${njs}, nginx ${nginx}, ${way.mode}, ${NAMES[way.endpoint]}, ${ENGINES[way.engine]}: ${title}`,
        )
      : [],
  );
  return items.length === 0 ? '' : `Failed twice:\n\n${items.join('\n')}\n\n`;
}

function faultTable(rows: readonly FaultRow[]): string {
  const head = [
    'njs',
    'nginx',
    'engine',
    'early failure',
    'hang-ups',
    'full zone',
    'kept open: length, chunked, 204',
  ];
  const lines = rows.map(({ njs, nginx, faults }) => [
    njs,
    nginx,
    ENGINES[faults.engine],
    faults.opensOnEarlyFailure === undefined
      ? 'no js_access'
      : faults.opensOnEarlyFailure
        ? '**lets through**'
        : '500',
    faults.crashesOnHangUp === 0 ? '0' : `**${faults.crashesOnHangUp}**`,
    faults.crashesOnEviction ? '**dies**' : 'lives',
    [faults.fetch.length, faults.fetch.chunked, faults.fetch.empty204].join(', '),
  ]);
  return markdownTable([head, ...lines]);
}
