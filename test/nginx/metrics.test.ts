// What an operator sees: Prometheus metrics, variables for the access log, dashboard and alerts.
import { readFile } from 'node:fs/promises';
import test from 'ava';
import {
  type ConfigWords,
  type Gateway,
  type GatewayOptions,
  gatewayTest,
  introspectionLocation,
  protectedRoot,
} from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { inactive204, jwt, reset, slow, status } from '../support/scripted_server.js';

const JWT = makeJwt({ sub: 'alice', client_id: 'app', exp: 4102444800 });
const METRICS_LOCATION =
  'location = /metrics { allow 127.0.0.0/8; deny all; js_content phantom_token.metrics; }';
const REPLACED = 'phantom_token_zone_replacements_total{zone="phantom_token"}';
const METRICS_ZONE = 'js_shared_dict_zone zone=phantom_token_metrics:64k type=number;';

function counting(settings = ''): GatewayOptions {
  return {
    workers: 2,
    http: () => METRICS_ZONE,
    server: (words: ConfigWords) =>
      protectedRoot(words, settings) + introspectionLocation(words) + METRICS_LOCATION,
  };
}

/** The samples of the page, by their series. */
async function scrape(g: Gateway): Promise<Map<string, number>> {
  const answer = await g.send('/metrics', { headers: { connection: 'close' } });
  const lines = answer.body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}

gatewayTest(
  'requests, refusals and introspections are counted, in all workers together',
  counting('set $phantom_token_breaker_failures 2;'),
  async (t, g) => {
    g.as.reply(jwt(JWT), inactive204(), reset(), reset());
    const send = (token?: string) =>
      g.send('/', { ...(token !== undefined && { token }), headers: { connection: 'close' } });
    for (let i = 0; i < 4; i++) {
      await send('opaque-good');
    }
    await send('opaque-bad');
    await send('opaque-bad');
    await send();
    await send('opaque-a');
    await send('opaque-b');
    await send('opaque-c');
    const samples = await scrape(g);
    const sample = (series: string) => samples.get(`phantom_token_${series}`);
    t.is(sample('requests_total{cache_status="HIT"}'), 3);
    t.is(sample('requests_total{cache_status="MISS"}'), 5);
    t.is(sample('requests_total{cache_status="NEGATIVE"}'), 1);
    t.is(sample('requests_total{cache_status="NONE"}'), 1);
    t.is(sample('requests_total{cache_status="STALE"}'), 0);
    t.is(sample('refusals_total{reason="token_inactive"}'), 2);
    t.is(sample('refusals_total{reason="token_missing"}'), 1);
    t.is(sample('refusals_total{reason="introspection_unreachable"}'), 2);
    t.is(sample('refusals_total{reason="introspection_suspended"}'), 1);
    t.is(sample('introspections_total{result="active"}'), 1);
    t.is(sample('introspections_total{result="token_inactive"}'), 1);
    t.is(sample('introspections_total{result="introspection_unreachable"}'), 2);
    t.is(sample('introspection_duration_seconds_count'), 4);
    t.is(sample('introspection_duration_seconds_bucket{le="+Inf"}'), 4);
    t.is(sample('breaker_opened_total'), 1);
    const breakers = [...samples].filter(([series]) => series.startsWith('phantom_token_breaker_state'));
    t.is(breakers.length, 1);
    t.regex(breakers[0]?.[0] ?? '', /endpoint="\/introspect"/);
    t.is(breakers[0]?.[1], 1);
  },
);

gatewayTest(
  'the duration of an introspection is counted in its own bucket and all larger ones',
  counting(),
  async (t, g) => {
    g.as.reply(slow(120, jwt(JWT)));
    await g.send('/', { token: 'opaque-1' });
    const samples = await scrape(g);
    const bucket = (le: string) =>
      samples.get(`phantom_token_introspection_duration_seconds_bucket{le="${le}"}`);
    t.deepEqual(['0.005', '0.05', '0.1', '10', '+Inf'].map(bucket), [0, 0, 0, 1, 1]);
    const sum = samples.get('phantom_token_introspection_duration_seconds_sum') ?? 0;
    t.true(sum >= 0.12, `${sum}`);
  },
);

gatewayTest('the metrics have the size and the free space of each zone', counting(), async (t, g) => {
  g.as.reply(jwt(JWT));
  await g.send('/', { token: 'opaque-1' });
  const samples = await scrape(g);
  t.is(samples.get('phantom_token_zone_capacity_bytes{zone="phantom_token"}'), 32 << 20);
  const free = samples.get('phantom_token_zone_free_bytes{zone="phantom_token"}') ?? 0;
  t.true(free > 0 && free < 32 << 20);
  // Below njs 0.9.7 counting the entries is not safe, and the page says so.
  const entries = g.setup.zones === 'zones.conf' ? 2 : undefined; // the record, and the entry by which a purge finds it
  t.is(samples.get('phantom_token_zone_entries{zone="phantom_token"}'), entries);
  t.true(
    (await g.send('/metrics')).body.includes(
      '# HELP phantom_token_zone_entries Entries of a shared dictionary, ended ones included. No samples below njs 0.9.7',
    ),
  );
  t.true((samples.get('phantom_token_zone_free_bytes{zone="phantom_token_metrics"}') ?? 0) > 0);
});

const USELESS_ZONES: [title: string, zone: string, says: string][] = [
  ['not there', '', 'nothing is counted: add to your zones file (zones.conf, or zones_njs_0.8.conf): '],
  [
    'of strings, by mistake',
    METRICS_ZONE.replace(' type=number', ''),
    'phantom_token_metrics cannot count: correct its line in your zones file (zones.conf, or zones_njs_0.8.conf), and restart nginx: ',
  ],
];

for (const [title, zone, says] of USELESS_ZONES) {
  gatewayTest(
    `a metrics zone that is ${title}: requests are served, the page is 503 and names the line, the log does so once a minute`,
    { ...counting(), http: () => zone },
    async (t, g) => {
      g.as.reply(jwt(JWT));
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      t.is((await g.send('/', { token: 'opaque-1' })).status, 200);
      t.is((await g.send('/')).status, 401);
      for (let i = 0; i < 2; i++) {
        const page = await g.send('/metrics');
        t.is(page.status, 503);
        t.is(page.headers['content-type'], 'text/plain; charset=utf-8');
        t.is(page.body, `${says}${METRICS_ZONE}\n`);
      }
      const lines = (await g.nginx.errorLog()).split('\n').filter((line) => line.includes('[error]'));
      t.is(lines.length, 1);
      t.true(lines[0]?.endsWith(` phantom_token: no metrics: ${says}${METRICS_ZONE}`), lines[0]);
    },
  );
}

gatewayTest('the page has the versions of script, njs, engine and nginx', counting(), async (t, g) => {
  const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  const { runtime, engine } = g.setup;
  const name = engine === 'qjs' ? 'QuickJS' : 'njs';
  const page = (await g.send('/metrics')).body;
  const sample = `phantom_token_build_info{version="${version}",njs="${runtime.njsVersion}",engine="${name}",nginx="${runtime.nginxVersion}"} 1`;
  t.true(page.includes(`\n${sample}\n`), page);
});

gatewayTest(
  'all series fit into the zone as zones.conf has it, so that none is lost',
  counting(),
  async (t, g) => {
    t.is((await g.send('/metrics')).status, 200);
    t.is((await g.send('/')).status, 401);
    t.is((await scrape(g)).get('phantom_token_refusals_total{reason="token_missing"}'), 1);
  },
);

const FULL_ZONES: [title: string, bytes: number, count: number][] = [
  ['of many pages each', 60000, 30],
  ['of less than a page', 900, 1000],
];

for (const [title, bytes, count] of FULL_ZONES) {
  gatewayTest(
    `a full zone is seen, with records ${title}: a token that finds no space counts as uncached, one that replaces others as a replacement (S73)`,
    {
      ...counting(),
      workers: 1,
      zones: (text) => text.replace('zone=phantom_token:32m', 'zone=phantom_token:1m'),
    },
    async (t, g) => {
      g.as.reply(jwt(makeJwt({ exp: 4102444800 }, { bytes }), { cacheControl: 'max-age=600' }));
      await g.send('/', { token: 'opaque-first' });
      t.is((await scrape(g)).get(REPLACED), 0);
      for (let i = 0; i < count; i++) {
        t.is((await g.send('/', { token: `opaque-${i}` })).status, 200);
      }
      const samples = await scrape(g);
      const replaced = samples.get(REPLACED) ?? 0;
      const uncached = samples.get('phantom_token_uncached_total{cause="full"}') ?? 0;
      t.is(samples.get(REPLACED.replace('phantom_token"', 'phantom_token_denied"')), 0);
      if (g.setup.zones === 'zones.conf') {
        const evicted = count + 1 - (samples.get('phantom_token_zone_entries{zone="phantom_token"}') ?? 0);
        t.true(replaced > 0 && uncached === 0);
        // njs evicts 16 entries at a time.
        t.true(16 * replaced >= evicted, `${replaced} replacements, ${evicted} evicted`);
      } else {
        t.true(uncached > 0);
      }
    },
  );
}

gatewayTest(
  'the page is the text format of Prometheus: each series once, under HELP and TYPE',
  counting(),
  async (t, g) => {
    const answer = await g.send('/metrics');
    t.is(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
    t.is(answer.headers['cache-control'], 'no-store');
    const samples = answer.body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const series = samples.map((line) => line.slice(0, line.lastIndexOf(' ')));
    t.is(new Set(series).size, series.length);
    for (const line of samples) {
      t.regex(line, /^[a-z_]+(\{[a-z_]+="[^"\n]*"(,[a-z_]+="[^"\n]*")*\})? [0-9.e+-]+$/);
    }
    const typed = [...answer.body.matchAll(/^# TYPE (\S+) (counter|gauge|histogram)$/gm)].map(
      (match) => match[1],
    );
    t.is(new Set(typed).size, typed.length);
    for (const name of new Set(
      series.map((one) => one.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, '')),
    )) {
      t.true(typed.includes(name), name);
    }
    t.true(answer.body.endsWith('\n'));
  },
);

gatewayTest(
  'a token with a record over 64 kB is served uncached, counted, and logged once a minute, not with each request (S74)',
  counting(),
  async (t, g) => {
    g.as.reply(jwt(makeJwt({ exp: 4102444800 }, { bytes: 65536 })));
    for (let i = 0; i < 3; i++) {
      t.is((await g.send('/', { token: 'opaque-1', headers: { connection: 'close' } })).status, 200);
    }
    t.is(g.as.requests.length, 3);
    t.is((await scrape(g)).get('phantom_token_uncached_total{cause="too_large"}'), 3);
    const lines = (await g.nginx.errorLog()).split('\n').filter((line) => line.includes('served uncached'));
    t.is(lines.length, 1);
  },
);

/** Only when an endpoint has failed; only from njs 0.9.7 on. Tested above. */
const CONDITIONAL = ['phantom_token_breaker_state', 'phantom_token_zone_entries'];
const DASHBOARD = new URL('../../docs/grafana_dashboard.json', import.meta.url);
const ALERTS = new URL('../../docs/prometheus_alerts.yml', import.meta.url);

gatewayTest('dashboard and alerts use only series and labels that the page has', counting(), async (t, g) => {
  await g.send('/');
  const page = (await g.send('/metrics')).body;
  const shown = (await readFile(DASHBOARD, 'utf8')) + (await readFile(ALERTS, 'utf8'));
  const asked = new Set([...shown.matchAll(/\b(phantom_token_[a-z_]+)/g)].map((match) => match[1] ?? ''));
  t.true(asked.size > 5);
  for (const name of asked) {
    if (CONDITIONAL.includes(name)) continue;
    const places = [`\n${name}{`, `\n${name} `, `zone="${name}"`];
    t.true(
      places.some((place) => page.includes(place)),
      name,
    );
  }
  for (const [, label = '', value = ''] of shown.matchAll(
    /\b(cache_status|reason|result|cause)=\\?"([A-Za-z_]+)\\?"/g,
  )) {
    t.true(page.includes(`${label}="${value}"`), `${label}="${value}"`);
  }
});

interface Panel {
  readonly description: string;
  readonly targets: { readonly expr: string }[];
}

test('a panel for series that njs below 0.9.7 does not have says so, and uses no other series', async (t) => {
  const { panels } = JSON.parse(await readFile(DASHBOARD, 'utf8')) as { panels: Panel[] };
  const asking = panels.filter(({ targets }) => targets.some(({ expr }) => expr.includes('_zone_entries')));
  t.is(asking.length, 1);
  t.is(asking[0]?.targets.length, 1);
  t.regex(asking[0]?.description ?? '', /below njs 0\.9\.7/);
});

test('the dashboard is JSON with a panel for hit ratio, reasons, latency, breaker and zones', async (t) => {
  const dashboard = JSON.parse(await readFile(DASHBOARD, 'utf8')) as { panels: Panel[] };
  t.true(dashboard.panels.length >= 6);
});

gatewayTest(
  'variables for the access log: the time of the introspection, and whose token it was',
  {
    http: () =>
      `log_format who '$phantom_token_introspection_time "$phantom_token_subject" "$phantom_token_client"';`,
    serverTop: 'access_log logs/phantom.log who;',
  },
  async (t, g) => {
    g.as.reply(slow(50, jwt(JWT)), jwt(makeJwt({ sub: 'a\nb', azp: 'web', exp: 4102444800 })), status(500));
    await g.send('/', { token: 'opaque-1' });
    await g.send('/', { token: 'opaque-1' });
    await g.send('/', { token: 'opaque-2' });
    await g.send('/', { token: 'opaque-3' });
    const [miss = '', hit, forged = '', failed = ''] = await g.accessLog();
    t.regex(miss, /^\d\.\d{3} "alice" "app"$/);
    t.true(Number(miss.split(' ')[0]) >= 0.05);
    t.regex(hit ?? '', /^(|-) "alice" "app"$/);
    t.regex(forged, /^\d\.\d{3} "" "web"$/);
    t.regex(failed, /^\d\.\d{3} "" ""$/);
  },
);

gatewayTest(
  'SIGHUP every 100 ms during load loses no request (S119)',
  { workers: 2, isLoad: true },
  async (t, g) => {
    g.as.reply((request) => (request.form.token?.startsWith('opaque-good') ? jwt(JWT) : inactive204()));
    let isReloading = true;
    const statuses = new Map<number, number>();
    const clients = Array.from({ length: 10 }, async (_, client) => {
      for (let i = 0; isReloading; i++) {
        const answer = await g.send('/', {
          token: `opaque-good-${client}-${i % 5}`,
          headers: { connection: 'close' },
        });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      }
    });
    for (let i = 0; i < 8; i++) {
      await g.nginx.reload();
    }
    isReloading = false;
    await Promise.all(clients);
    t.deepEqual([...statuses.keys()], [200]);
    t.is(g.as.requests.length, 50, 'the records outlive each reload');
  },
);
