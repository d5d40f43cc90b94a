// docs/migrate.md for users of Curity's C module: what happens with each line of their introspection location
// if it remains below the include.
import test from 'ava';
import { request } from 'undici';
import { makeJwt } from '../support/jwt.js';
import { readPages, sectionOf } from '../support/pages.js';
import { jwt } from '../support/scripted_server.js';
import { SETUPS } from '../support/setups.js';
import { configOf, runShown, type ShownGateway } from '../support/shown_config.js';
import { startUpstream } from '../support/upstream.js';

const SECTION = sectionOf(readPages().get('docs/migrate.md') ?? '', '### The introspection location');
const JWT = makeJwt({ scope: 'read', exp: 4102444800 });

/** The lines of the second table, with what the page says about each. */
const LINES = [...(SECTION.split('line by line:')[1] ?? '').matchAll(/^\| `([^`]+;)` \| (.*) \|$/gm)].map(
  ([, line = '', verdict = '']) => ({ line, verdict }),
);

function linesThat(words: RegExp): { line: string; verdict: string }[] {
  return LINES.filter(({ verdict }) => words.test(verdict));
}

const DUPLICATE = linesThat(/directive is duplicate/);
const SENT_TWICE = linesThat(/sends the header twice/);
const WITHOUT_EFFECT = linesThat(/without effect/);
const KEPT = linesThat(/^keep/);

test("each line of the table is tested below, or is part of the README's configuration", (t) => {
  const looked = [...DUPLICATE, ...SENT_TWICE, ...WITHOUT_EFFECT, ...KEPT];
  t.deepEqual(
    LINES.filter((line) => !looked.includes(line)),
    [],
  );
  t.deepEqual(
    KEPT.map(({ line }) => line.split(' ')[0]),
    ['proxy_set_header', 'proxy_pass'],
  );
  t.true(DUPLICATE.length >= 5 && SENT_TWICE.length === 2 && WITHOUT_EFFECT.length >= 3);
});

function withLines(lines: string): (config: string) => string {
  return (config) => config.replace('include phantom_token/introspection.conf;', `$& ${lines}`);
}

for (const setup of SETUPS) {
  for (const { line, verdict } of DUPLICATE) {
    test(`[${setup.name}] nginx refuses ${line} below the include`, async (t) => {
      const shown = { setup, apiPort: 1, config: configOf(setup), edit: withLines(line) };
      const error = await t.throwsAsync(
        runShown(t, shown, async () => {}),
        { name: 'NginxError' },
      );
      t.true(error?.message.includes(/`([^`]+)`/.exec(verdict)?.[1] ?? '(no message)'), error?.message);
    });
  }

  test(`[${setup.name}] nginx accepts the other lines: the headers are sent twice, the rest has no effect`, async (t) => {
    const api = await startUpstream();
    const lines = [...SENT_TWICE, ...WITHOUT_EFFECT].map(({ line }) => line).join(' ');
    const shown = { setup, apiPort: api.port, config: configOf(setup), edit: withLines(lines) };
    try {
      await runShown(t, shown, async (g) => {
        g.as().reply(jwt(JWT));
        t.is(await statusOf(g, 'opaque-1'), 200);
        t.is(await statusOf(g, 'opaque-2'), 200);
        t.is(g.as().requests.length, 2);
        for (const { line } of SENT_TWICE) {
          const name = (line.split(' ')[1] ?? '').toLowerCase();
          const received = g.as().requests[0]?.rawHeaders ?? [];
          t.is(received.filter(([header]) => header.toLowerCase() === name).length, 2, name);
        }
        const authorizations = g
          .as()
          .requests.map(({ rawHeaders }) =>
            rawHeaders.filter(([name]) => name.toLowerCase() === 'authorization'),
          );
        t.deepEqual(
          authorizations.map((headers) => headers.length),
          [1, 1],
          'the kept Authorization line',
        );
      });
    } finally {
      await api.close();
    }
  });

  test(`[${setup.name}] nginx refuses \`set\` at http level, where \`phantom_token off\` may stand`, async (t) => {
    const edit = (config: string) => config.replace('http {', '$& set $$phantom_token off;');
    const shown = { setup, apiPort: 1, config: configOf(setup), edit };
    const error = await t.throwsAsync(
      runShown(t, shown, async () => {}),
      { name: 'NginxError' },
    );
    t.regex(error?.message ?? '', /"set" directive is not allowed here/);
  });
}

async function statusOf({ url }: ShownGateway, token: string): Promise<number> {
  return (await request(`${url}/api/`, { headers: { authorization: `Bearer ${token}` } })).statusCode;
}
