import test from 'ava';
import { bucketSeries, DURATION, durationSumSeries } from '../../../src/core/answer/duration_series.js';
import { countedSeries, formatMetrics, type Gauge } from '../../../src/core/answer/metrics.js';
import {
  type CacheStatus,
  cacheStatuses,
  denialReasons,
  malformedReasons,
  unavailableReasons,
} from '../../../src/core/answer/reasons.js';
import {
  breakerOpenedSeries,
  introspectionsSeries,
  refusalsSeries,
  replacementsSeries,
  requestsSeries,
  uncachedSeries,
} from '../../../src/core/answer/series.js';

const REASONS = [...denialReasons(), ...unavailableReasons()];

const STATUS_LABELS: Record<CacheStatus, string> = {
  '': 'NONE',
  HIT: 'HIT',
  MISS: 'MISS',
  JOINED: 'JOINED',
  NEGATIVE: 'NEGATIVE',
  STALE: 'STALE',
  BYPASS: 'BYPASS',
};

for (const [status, label] of Object.entries(STATUS_LABELS) as [CacheStatus, string][]) {
  test(`requestsSeries: a request with the cache status "${status}" has the label ${label}`, (t) =>
    t.is(requestsSeries(status), `phantom_token_requests_total{cache_status="${label}"}`));
}

const SERIES: [sentence: string, series: string, expected: string][] = [
  [
    'refusals by reason',
    refusalsSeries('token_inactive'),
    'phantom_token_refusals_total{reason="token_inactive"}',
  ],
  [
    'introspections of active tokens',
    introspectionsSeries('active'),
    'phantom_token_introspections_total{result="active"}',
  ],
  [
    'introspections that failed, by reason',
    introspectionsSeries('introspection_timeout'),
    'phantom_token_introspections_total{result="introspection_timeout"}',
  ],
  ['a full zone', uncachedSeries('full'), 'phantom_token_uncached_total{cause="full"}'],
  ['too large a record', uncachedSeries('too_large'), 'phantom_token_uncached_total{cause="too_large"}'],
  ['too many keyspaces', uncachedSeries('too_many'), 'phantom_token_uncached_total{cause="too_many"}'],
  [
    'entries that replaced others',
    replacementsSeries('phantom_token'),
    'phantom_token_zone_replacements_total{zone="phantom_token"}',
  ],
  ['suspensions', breakerOpenedSeries(), 'phantom_token_breaker_opened_total'],
  ['the histogram', DURATION, 'phantom_token_introspection_duration_seconds'],
  ['the sum of durations', durationSumSeries(), 'phantom_token_introspection_duration_seconds_sum'],
];

for (const [sentence, series, expected] of SERIES) {
  test(`series: dashboards and alerts name ${expected}: ${sentence}`, (t) => t.is(series, expected));
}

const BOUNDS: [boundMs: number, le: string, next: string][] = [
  [5, '0.005', '0.01'],
  [10, '0.01', '0.025'],
  [25, '0.025', '0.05'],
  [50, '0.05', '0.1'],
  [100, '0.1', '0.25'],
  [250, '0.25', '0.5'],
  [500, '0.5', '1'],
  [1000, '1', '2.5'],
  [2500, '2.5', '5'],
  [5000, '5', '10'],
  [10000, '10', '+Inf'],
];

function bucketOf(le: string): string {
  return `phantom_token_introspection_duration_seconds_bucket{le="${le}"}`;
}

for (const [boundMs, le, next] of BOUNDS) {
  test(`bucketSeries: ${boundMs} ms are the last of the bucket le="${le}", which is in seconds`, (t) => {
    t.is(bucketSeries(boundMs - 1), bucketOf(le));
    t.is(bucketSeries(boundMs), bucketOf(le));
    t.is(bucketSeries(boundMs + 0.5), bucketOf(next));
    t.is(bucketSeries(boundMs + 1), bucketOf(next));
  });
}

const ENDS: [sentence: string, tookMs: number, le: string][] = [
  ['no time at all', 0, '0.005'],
  ['less than none, when the clock was set back (S78)', -3000, '0.005'],
  ['an hour', 3_600_000, '+Inf'],
];

for (const [sentence, tookMs, le] of ENDS) {
  test(`bucketSeries: ${sentence} is in le="${le}"`, (t) => t.is(bucketSeries(tookMs), bucketOf(le)));
}

function pageOf(counts: Record<string, number>, gauges: readonly Gauge[] = []): string {
  return formatMetrics((series) => counts[series] ?? 0, gauges);
}

/** The samples of a page whose series starts so, in their order. */
function samplesOf(page: string, start: string): string[] {
  return page.split('\n').filter((line) => line.startsWith(start));
}

const COUNTERS: [name: string, help: string, series: string[]][] = [
  [
    'phantom_token_requests_total',
    'Requests by where the answer came from.',
    cacheStatuses().map(requestsSeries),
  ],
  [
    'phantom_token_refusals_total',
    'Refused requests by reason code.',
    [...REASONS, ...malformedReasons()].map(refusalsSeries),
  ],
  [
    'phantom_token_introspections_total',
    'Calls to the authorization server by result: active or a reason code.',
    ['active', ...REASONS].map(introspectionsSeries),
  ],
  [
    'phantom_token_uncached_total',
    'Active tokens that were not stored: the zone is full, the record too large, or too many combinations of settings ask.',
    ['full', 'too_large', 'too_many'].map(uncachedSeries),
  ],
  [
    'phantom_token_zone_replacements_total',
    'Entries stored while no free page could take them: each took the room of others that had ended or, with evict, of those next to end.',
    ['phantom_token', 'phantom_token_denied'].map(replacementsSeries),
  ],
  [
    'phantom_token_breaker_opened_total',
    'How often introspection was suspended, or its suspension prolonged by a failed probe; not of suspensions for one token.',
    [breakerOpenedSeries()],
  ],
];

for (const [name, help, series] of COUNTERS) {
  const head = `# HELP ${name} ${help}\n# TYPE ${name} counter\n`;

  test(`formatMetrics: ${name} has every series from the start, also with 0, so that a rate sees the first event`, (t) => {
    const samples = series.map((one) => `${one} 0\n`).join('');
    t.true(pageOf({}).includes(head + samples));
    t.is(samplesOf(pageOf({}), name).length, series.length);
  });

  test(`formatMetrics: ${name} shows the counts, each in its own series`, (t) => {
    const counts = Object.fromEntries(series.map((one, i) => [one, i + 1]));
    const samples = series.map((one, i) => `${one} ${i + 1}\n`).join('');
    t.true(pageOf(counts).includes(head + samples));
  });
}

const HISTOGRAM = 'phantom_token_introspection_duration_seconds';

test('formatMetrics: the histogram adds up its buckets: each includes those below it', (t) => {
  const counts = {
    [bucketSeries(5)]: 1,
    [bucketSeries(25)]: 2,
    [bucketSeries(1000)]: 4,
    [bucketSeries(10001)]: 8,
    [durationSumSeries()]: 45_678,
  };
  const head = `# HELP ${HISTOGRAM} Time of a call to the authorization server.\n# TYPE ${HISTOGRAM} histogram\n`;
  const buckets = [1, 1, 3, 3, 3, 3, 3, 7, 7, 7, 7, 15].map(
    (count, i) => `${bucketOf(BOUNDS[i]?.[1] ?? '+Inf')} ${count}\n`,
  );
  const end = `${HISTOGRAM}_sum 45.678\n${HISTOGRAM}_count 15\n`;
  t.true(pageOf(counts).includes(head + buckets.join('') + end));
});

test('formatMetrics: a histogram without calls is all 0, and so is its sum', (t) => {
  t.deepEqual(
    samplesOf(pageOf({}), HISTOGRAM).map((line) => line.split(' ')[1]),
    new Array(BOUNDS.length + 3).fill('0'),
  );
});

function gaugeWith(changes: Partial<Gauge>): Gauge {
  return { name: 'g', help: 'Help of g.', samples: [{ labels: { zone: 'a' }, value: 1 }], ...changes };
}

const GAUGES: [sentence: string, gauges: Gauge[], page: string][] = [
  ['none', [], ''],
  ['one', [gaugeWith({})], '# HELP g Help of g.\n# TYPE g gauge\ng{zone="a"} 1\n'],
  [
    'a value of 0',
    [gaugeWith({ samples: [{ labels: { zone: 'a' }, value: 0 }] })],
    '# HELP g Help of g.\n# TYPE g gauge\ng{zone="a"} 0\n',
  ],
  [
    'samples of one name share its HELP and TYPE (text format 0.0.4: one of each for a name)',
    [
      gaugeWith({
        samples: [
          { labels: { zone: 'a' }, value: 1 },
          { labels: { zone: 'b' }, value: 2 },
        ],
      }),
    ],
    '# HELP g Help of g.\n# TYPE g gauge\ng{zone="a"} 1\ng{zone="b"} 2\n',
  ],
  [
    'without samples the HELP line still says why there are none',
    [gaugeWith({ samples: [] })],
    '# HELP g Help of g.\n# TYPE g gauge\n',
  ],
  [
    'each name has its own HELP and TYPE',
    [
      gaugeWith({}),
      gaugeWith({ name: 'h', help: 'Help of h.', samples: [{ labels: { zone: 'a' }, value: 3 }] }),
    ],
    '# HELP g Help of g.\n# TYPE g gauge\ng{zone="a"} 1\n# HELP h Help of h.\n# TYPE h gauge\nh{zone="a"} 3\n',
  ],
  [
    'many labels, in their order',
    [gaugeWith({ samples: [{ labels: { server: 'x', endpoint: '/y' }, value: 1 }] })],
    '# HELP g Help of g.\n# TYPE g gauge\ng{server="x",endpoint="/y"} 1\n',
  ],
];

for (const [sentence, gauges, page] of GAUGES) {
  test(`formatMetrics: gauges stand at the end of the page: ${sentence}`, (t) =>
    t.is(pageOf({}, gauges), pageOf({}) + page));
}

const LABELS: [sentence: string, value: string, escaped: string][] = [
  ['a quote', 'a"b', 'a\\"b'],
  ['every quote', '""', '\\"\\"'],
  ['a backslash', 'a\\b', 'a\\\\b'],
  ['every backslash', '\\\\', '\\\\\\\\'],
  ['a line break', 'a\nb', 'a\\nb'],
  ['every line break', '\n\n', '\\n\\n'],
  ['a backslash before a quote, which must not lose its own', '\\"', '\\\\\\"'],
  ['a backslash before an n, which is no line break', '\\n', '\\\\n'],
  ['nothing else: text outside ASCII stays', 'é{}=,#', 'é{}=,#'],
];

for (const [sentence, value, escaped] of LABELS) {
  test(`formatMetrics: a label that an operator's text fills cannot end its line: ${sentence} (text format 0.0.4, S104)`, (t) =>
    t.deepEqual(
      samplesOf(pageOf({}, [gaugeWith({ samples: [{ labels: { endpoint: value }, value: 1 }] })]), 'g{'),
      [`g{endpoint="${escaped}"} 1`],
    ));
}

const LINE =
  /^(# HELP [a-z_]+ .+|# TYPE [a-z_]+ (counter|histogram|gauge)|[a-z_]+(\{[a-z_]+="[^"\\]*"\})? [0-9.]+)$/;

test('formatMetrics: every line is valid in the text format 0.0.4, and the last line has a line break', (t) => {
  const page = pageOf({}, [gaugeWith({})]);
  t.true(page.endsWith('\n'));
  t.deepEqual(
    page
      .slice(0, -1)
      .split('\n')
      .filter((line) => !LINE.test(line)),
    [],
  );
});

test('formatMetrics: no series and no HELP or TYPE is repeated, which Prometheus would refuse', (t) => {
  const lines = pageOf({}, [gaugeWith({})])
    .split('\n')
    .map((line) => (line.startsWith('#') ? line : (line.split(' ')[0] as string)))
    .filter((line) => line !== '');
  t.is(new Set(lines).size, lines.length);
});

test('formatMetrics: reads each counted series once, under the name with which it is counted', (t) => {
  const asked: string[] = [];
  formatMetrics((series) => {
    asked.push(series);
    return 0;
  }, []);
  const counted = [
    ...COUNTERS.flatMap(([, , series]) => series),
    ...BOUNDS.map(([boundMs]) => bucketSeries(boundMs)),
    bucketSeries(10001),
    durationSumSeries(),
  ];
  t.deepEqual(asked.toSorted(), counted.toSorted());
  t.deepEqual(countedSeries().toSorted(), counted.toSorted());
});
