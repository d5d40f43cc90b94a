// `migrate`: what becomes of the directives of Curity's C module, and how the command reads and writes files.
// test/nginx/migrated.test.ts starts the migrated files.
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { applyPatch, parsePatch } from 'diff';
import { codeBlocks } from '../support/code_blocks.js';
import { commandTest, type Ended, type Place } from '../support/command.js';
import { readMigrations } from '../support/migrations.js';
import { REPOSITORY, readPages, sectionOf } from '../support/pages.js';

const MIGRATIONS = readMigrations();
/** Those in which a person has to decide something. */
const UNDECIDED = ['left'];

const HTTP = 'events {} http { server { listen 8080;';
const CURITY = 'location curity { internal; proxy_pass http://127.0.0.1:8443/introspect; }';
const ON = 'phantom_token on; phantom_token_introspection_endpoint curity;';
const API = 'proxy_pass http://127.0.0.1:8082;';

/** A whole configuration with these lines in its server, the location of the endpoint among them. */
function whole(lines: string): string {
  return `load_module modules/ngx_curity_http_phantom_token_module.so; ${HTTP} ${CURITY}\n${lines}\n} }\n`;
}

/** The lines of the server after migration. */
async function migrated(place: Place): Promise<{ ended: Ended; text: string }> {
  const ended = await place.run(['migrate', '--write', 'nginx.conf']);
  return { ended, text: await readFile(join(place.folder, 'nginx.conf'), 'utf8') };
}

async function readAll(place: Place, files: Record<string, string>): Promise<Record<string, string>> {
  const texts = Object.keys(files).map(async (file) => [
    file,
    await readFile(join(place.folder, file), 'utf8'),
  ]);
  return Object.fromEntries(await Promise.all(texts));
}

for (const { name, before, after } of MIGRATIONS) {
  commandTest(
    `${name}: --write gives the files that are expected, comments kept`,
    before,
    async (t, place) => {
      const { code } = await place.run(['migrate', '--write', 'nginx.conf']);
      t.is(code, UNDECIDED.includes(name) ? 1 : 0);
      t.deepEqual(await readAll(place, after), after);
    },
  );

  commandTest(
    `${name}: the diff, applied, gives the same, and nothing is written`,
    before,
    async (t, place) => {
      const { stdout } = await place.run(['migrate', 'nginx.conf']);
      t.deepEqual(await readAll(place, before), before);
      const patched = { ...before };
      for (const patch of parsePatch(stdout)) {
        const file = patch.newFileName as string;
        patched[file] = applyPatch(before[file] as string, patch) as string;
      }
      t.deepEqual(patched, after);
    },
  );

  commandTest(`${name}: the second run changes nothing`, after, async (t, place) => {
    const { code, stdout } = await place.run(['migrate', 'nginx.conf']);
    t.is(stdout, '');
    t.is(code, UNDECIDED.includes(name) ? 1 : 0);
  });

  if (UNDECIDED.includes(name)) continue;
  commandTest(`${name}: check finds no error in the result`, after, async (t, place) => {
    const { code, stdout } = await place.run(['check', 'nginx.conf']);
    t.is(code, 0, stdout);
  });
}

test('the ends of lines stay: CRLF everywhere, or nowhere', (t) => {
  const textOf = (name: string) => MIGRATIONS.find((one) => one.name === name)?.after['nginx.conf'] ?? '';
  t.is(textOf('crlf'), textOf('cached').replaceAll('\n', '\r\n'));
});

const PAGE = readPages().get('docs/migrate.md') ?? '';
const EXAMPLE = sectionOf(PAGE, '### An example');
const AROUND = (lines: string) => whole(lines).replace(`${CURITY}\n`, '\n');

commandTest(
  "docs/migrate.md: the example's result is what the command writes",
  { 'nginx.conf': AROUND(/^```\n(.*?)^```$/ms.exec(EXAMPLE)?.[1] ?? '') },
  async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 0, ended.stderr);
    t.true(text.includes(`\n${codeBlocks(EXAMPLE, 'nginx')[0]}`), text);
  },
);

test('no directive of the module remains, except where a person decides', (t) => {
  for (const { name, after } of MIGRATIONS) {
    const lines = Object.values(after).flatMap((text) => text.split('\n'));
    const left = lines.filter((line) => /^\s*phantom_token/.test(line));
    t.deepEqual(left, UNDECIDED.includes(name) ? ['            phantom_token_realm "a$b";'] : [], name);
  }
});

const LEFT = MIGRATIONS.find(({ name }) => name === 'left') as (typeof MIGRATIONS)[number];

commandTest(
  'what is left is listed by the line of its mark in the new text',
  LEFT.before,
  async (t, place) => {
    const { stderr } = await place.run(['migrate', '--write', 'nginx.conf']);
    const text = await readFile(join(place.folder, 'nginx.conf'), 'utf8');
    const listed = [...stderr.matchAll(/^nginx\.conf:(\d+): (.{20})/gm)];
    t.is(listed.length, 12);
    for (const [, line, words = ''] of listed) {
      t.true(text.split('\n')[Number(line) - 1]?.includes(words), words);
    }
  },
);

const LEAVES: [what: string, lines: string, left: RegExp][] = [
  [
    'an endpoint that also answers other paths',
    `location /api/ { phantom_token on; phantom_token_introspection_endpoint /oauth/introspect; ${API} }\nlocation /oauth/ { proxy_pass http://127.0.0.1:8443; }`,
    /answers the introspection endpoint \/oauth\/introspect, and other paths too/,
  ],
  [
    'a URL as endpoint, which the module takes for the name of a location',
    `location /api/ { phantom_token on; phantom_token_introspection_endpoint https://login.example.com/introspect; ${API} }`,
    /an endpoint is the name of a location of the same server/,
  ],
  [
    'an empty realm',
    `location /api/ { ${ON} phantom_token_realm ""; ${API} }`,
    /an empty realm leaves it out of the challenge/,
  ],
  [
    'a realm with a quotation mark, which the script refuses',
    `location /api/ { ${ON} phantom_token_realm 'a"b'; ${API} }`,
    /setting_value: \$phantom_token_realm must be printable ASCII/,
  ],
  [
    'an Authorization that is taken away from the API',
    `location /api/ { ${ON} proxy_set_header Authorization ""; ${API} }`,
    /protect\.conf sends Authorization with the JWT/,
  ],
  [
    'an Authorization that the server sets',
    `proxy_set_header Authorization "Basic YTpi";\nlocation /api/ { ${ON} ${API} }`,
    /protect\.conf sends Authorization with the JWT.*\(proxy_set_header at line 2\)/,
  ],
  [
    'a target of locations with different settings',
    `location /a/ { ${ON} phantom_token_realm a; try_files $uri @api; }\nlocation /b/ { ${ON} phantom_token_realm b; try_files $uri @api; }\nlocation @api { ${API} }`,
    /requests come here from locations with different settings/,
  ],
  [
    'a page of errors in an introspection',
    `location /api/ { phantom_token on; phantom_token_introspection_endpoint other; ${API} }\nlocation other { internal; error_page 502 = @api; proxy_pass http://127.0.0.1:8443; }\nlocation @api { ${API} }`,
    /keeps the answers of the authorization server from pages of errors/,
  ],
  [
    'an address whose certificate is verified now',
    `location /api/ { phantom_token on; phantom_token_introspection_endpoint other; ${API} }\nlocation other { internal; proxy_pass https://10.0.0.5/introspect; }`,
    /verified now, for the name 10\.0\.0\.5/,
  ],
];

for (const [what, lines, left] of LEAVES) {
  commandTest(`left to a person: ${what}`, { 'nginx.conf': whole(lines) }, async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 1);
    t.regex(ended.stderr, left);
    t.regex(text, /# njs-phantom-token migrate: /);
  });
}

commandTest(
  'the endpoint is on the list, and nginx refuses the file until a person has decided: its line remains',
  { 'nginx.conf': whole('location /api/ { phantom_token on; phantom_token_introspection_endpoint "a b"; }') },
  async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 1);
    t.regex(text, /\n\s*phantom_token_introspection_endpoint "a b";/);
  },
);

commandTest(
  'a location that is off and has an endpoint can be switched on again: it keeps all lines',
  { 'nginx.conf': whole(`location /api/ { ${ON.replace('on;', 'OFF;')} phantom_token_scopes a; ${API} }`) },
  async (t, place) => {
    const { text } = await migrated(place);
    t.regex(
      text,
      /set \$phantom_token off; set \$phantom_token_introspection_endpoint \/curity; set \$phantom_token_scopes "a"; include phantom_token\/protect\.conf; proxy_pass/,
    );
  },
);

commandTest(
  'a file of a server alone: its lines are translated, and it says what http needs and where',
  { 'api.conf': `server { listen 8080; ${CURITY}\nlocation /api/ { ${ON} ${API} }\n}\n` },
  async (t, place) => {
    const { code, stderr, stdout } = await place.run(['migrate', 'api.conf']);
    t.is(code, 1);
    t.regex(stderr, /the http block needs, once: .*js_path \/etc\/nginx\/phantom_token;/);
    t.regex(stdout, /\+location \/api\/ \{ set \$phantom_token on;/);
  },
);

commandTest(
  'a file of a location alone, where another file may switch on: it is protected, and says so',
  { 'api.conf': `location /api/ { phantom_token_introspection_endpoint curity; ${API} }\n` },
  async (t, place) => {
    const { code, stderr, stdout } = await place.run(['migrate', 'api.conf']);
    t.is(code, 1);
    t.regex(stderr, /whether phantom_token is on here is said in another file/);
    t.regex(
      stdout,
      /\+location \/api\/ \{ set \$phantom_token_introspection_endpoint \/curity; set \$phantom_token on; include/,
    );
  },
);

commandTest(
  'a file that several places include and that would need different lines is left as it is',
  {
    'nginx.conf': whole(
      `location /a/ { phantom_token on; include p.conf; ${API} }\nlocation /b/ { phantom_token off; include p.conf; ${API} }`,
    ),
    'p.conf':
      'location ~ \\.json$ { phantom_token_introspection_endpoint curity; proxy_pass http://127.0.0.1:8082; }\n',
  },
  async (t, place) => {
    const { ended } = await migrated(place);
    t.is(ended.code, 1);
    t.regex(
      ended.stderr,
      /^p\.conf:2: this file is included in several places that need different lines here/m,
    );
    t.regex(
      await readFile(join(place.folder, 'p.conf'), 'utf8'),
      /phantom_token_introspection_endpoint curity;/,
    );
  },
);

const SHARED = {
  'nginx.conf': `load_module modules/ngx_curity_http_phantom_token_module.so;
events {}
http {
    server { listen 8080; phantom_token on; phantom_token_introspection_endpoint curity; include locations.conf; }
    server {
        listen 8081;
        phantom_token on;
        phantom_token_introspection_endpoint curity;
        phantom_token_realm "tls";
        include locations.conf;
    }
}
`,
  'locations.conf': `location /api/ { ${API} }\n${CURITY}\n`,
};

commandTest(
  'locations that two servers include with different settings: nginx refuses the file, and the lines outside stay',
  SHARED,
  async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 1);
    const shared = await readFile(join(place.folder, 'locations.conf'), 'utf8');
    t.regex(
      shared,
      /^location \/api\/ \{\n {4}# njs-phantom-token migrate: this file is included [^;]+\n {4}phantom_token_undecided;/,
    );
    t.is(text.match(/^[^#]*phantom_token on;/gm)?.length, 2, text);
    t.regex(text, /^\s*phantom_token_realm "tls";/m);
    t.false(text.includes('What the C module inherited'), text);
    t.regex(ended.stderr, /^nginx\.conf:\d+: location \/api\/ inherits this, and is left to you/m);
    t.is((await place.run(['migrate', 'nginx.conf'])).stdout, '');
  },
);

commandTest(
  'such a location with lines of its own keeps them, and nothing else is added',
  {
    ...SHARED,
    'locations.conf': `location /api/ {\n    if ($arg_a) { break; }\n    phantom_token_scopes "a";\n    ${API}\n}\n${CURITY}\n`,
  },
  async (t, place) => {
    await migrated(place);
    const shared = await readFile(join(place.folder, 'locations.conf'), 'utf8');
    t.regex(shared, /^ {4}phantom_token_scopes "a";\n {4}proxy_pass/m);
    t.false(shared.includes('phantom_token_undecided'));
    t.is((await place.run(['migrate', 'nginx.conf'])).stdout, '');
  },
);

const STAYS_CLOSED: [what: string, lines: string, left: RegExp][] = [
  [
    'a location that clients call, and that answers the introspection endpoint too',
    `phantom_token on; phantom_token_introspection_endpoint /oauth/introspect;\nlocation /oauth/ { ${API} }`,
    /\n\s*phantom_token_undecided;/,
  ],
  [
    'files of root that no location takes',
    `root /srv/www;\n${ON}\nlocation /api/ { ${API} }`,
    /# njs-phantom-token migrate: the module also protects the files of root[^{]+\{ \.\.\. \}[^{]+\n\s*phantom_token on;/,
  ],
];

for (const [what, lines, left] of STAYS_CLOSED) {
  commandTest(
    `protected by the module, and nothing here does so: nginx refuses the file: ${what}`,
    { 'nginx.conf': whole(lines) },
    async (t, place) => {
      const { ended, text } = await migrated(place);
      t.is(ended.code, 1);
      t.regex(text, left);
      t.false(text.includes('What the C module inherited'), text);
      t.is((await place.run(['migrate', 'nginx.conf'])).stdout, '');
    },
  );
}

commandTest(
  'a `return` that may not run, since a `break` is above it: the location serves files, and is protected',
  {
    'nginx.conf': whole(
      `location /files/ { root /srv; if ($request_method = GET) { break; } return 405; }\n${ON}`,
    ),
  },
  async (t, place) => {
    const { text } = await migrated(place);
    t.regex(
      text,
      /location \/files\/ \{ set \$phantom_token on;.* include phantom_token\/protect\.conf; root/,
    );
  },
);

commandTest(
  'a file of a server alone whose endpoint is in another file: the lines of the module stay',
  {
    'nginx.conf': `server { phantom_token on;\nlocation /api/ { ${API} }\nlocation /b/ { phantom_token ON; ${API} }\n}\n`,
  },
  async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 1);
    t.regex(ended.stderr, /the endpoint is said in another file, if anywhere/);
    t.deepEqual(text.match(/^[^#\n]*phantom_token on;/gim)?.length, 2, text);
  },
);

commandTest(
  'a location that is off and only returns: the module and the gateway leave it alone, so no line is needed',
  {
    'nginx.conf': whole(
      `${ON}\nlocation / { ${API} }\nlocation /health { phantom_token off; return 200 ok; }`,
    ),
  },
  async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 0, ended.stderr);
    t.regex(text, /\nlocation \/health \{ return 200 ok; \}/);
  },
);

commandTest(
  'what was inherited is said once, also where three lines had said it',
  { 'nginx.conf': whole(`${ON}\nphantom_token_realm a;\nlocation / { ${API} }`) },
  async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 0, ended.stderr);
    t.is(text.match(/What the C module inherited from here/g)?.length, 1, text);
  },
);

for (const shown of ['$http_authorization', `\${http_authorization}`]) {
  commandTest(
    `lines that would show the client's token in place of the JWT are marked: ${shown}`,
    {
      'nginx.conf': whole(
        `location / { ${ON}\nadd_header X-Token "${shown}";\n${API} }\nlocation /open/ {\nadd_header X-Token "${shown}";\n}`,
      ).replace(
        'http {',
        `http {\nlog_format with_token '$remote_addr '\n  '${shown}';\nlog_format plain $uri;\n`,
      ),
    },
    async (t, place) => {
      const { ended, text } = await migrated(place);
      t.is(ended.code, 1);
      const marks = ended.stderr.match(
        /\$http_authorization was the JWT here.*\$phantom_jwt for the JWT, or nothing/g,
      );
      t.is(marks?.length, 2, ended.stderr);
      t.regex(text, /or nothing\nlog_format with_token/);
      t.regex(text, /or nothing\nadd_header X-Token/);
      t.is((await place.run(['migrate', 'nginx.conf'])).stdout, '');
    },
  );
}

const NAMES: [before: string, after: string][] = [
  ['location curity{', 'location = /curity{'],
  ['location  "curity" {', 'location  = /curity {'],
  ['location = curity {', 'location = /curity {'],
  ['location ^~ curity # of the identity server\n{', 'location = /curity # of the identity server\n{'],
];

for (const [before, after] of NAMES) {
  commandTest(
    `the endpoint's location gets a path for a name: ${JSON.stringify(before)}`,
    { 'nginx.conf': whole(`location /api/ { ${ON} ${API} }`).replace('location curity {', before) },
    async (t, place) => {
      const { ended, text } = await migrated(place);
      t.is(ended.code, 0, ended.stderr);
      t.true(text.includes(` ${after} include`), text);
    },
  );
}

commandTest(
  'an endpoint whose location takes the address from a variable verifies certificates as well',
  { 'nginx.conf': whole(`location /api/ { ${ON} ${API} }`).replace('http://127.0.0.1:8443', '$curity') },
  async (t, place) => {
    const { text } = await migrated(place);
    t.regex(text, /proxy_ssl_trusted_certificate [^;]+;\s+proxy_pass \$curity\/introspect;/);
  },
);

test('the library that is in the command has its license there', async (t) => {
  const command = await readFile(join(REPOSITORY, 'dist/cli.js'), 'utf8');
  t.regex(command, /^\/\/ Contains diff:\n\/\/\n\/\/ BSD 3-Clause License\n/m);
});

commandTest(
  'nothing loads the module, which may be built in: njs has to be loaded all the same, and a person knows how',
  { 'nginx.conf': `${HTTP} ${CURITY}\nlocation /api/ { ${ON} ${API} } } }\n` },
  async (t, place) => {
    const { ended } = await migrated(place);
    t.is(ended.code, 1);
    t.regex(ended.stderr, /nginx\.conf:1: nothing loads the njs module/);
  },
);

commandTest(
  'js_path is the folder beside FILE where nginx reads FILE, else the usual one',
  { 'nginx.conf': whole(`location /api/ { ${ON} ${API} }`), 'mime.types': 'types {}\n' },
  async (t, place) => {
    const { text } = await migrated(place);
    t.true(text.includes(`js_path ${place.folder}/phantom_token;`));
  },
);

commandTest(
  'a configuration without the module is not changed, whatever check says of it: it says so, and ends with 0',
  {
    'nginx.conf':
      'events {}\nhttp { server { listen 80; set $phantom_token_audiense a; location / { proxy_cache x; internal; } } }\n',
  },
  async (t, place) => {
    t.deepEqual(await place.run(['migrate', '--write', 'nginx.conf']), {
      code: 0,
      stdout: '',
      stderr:
        'njs-phantom-token: nginx.conf, with what it includes, has no directive of the C module that is left to translate\n',
    });
    t.deepEqual(await readdir(place.folder), ['nginx.conf']);
  },
);

// Files

const SMALL = whole(`location /api/ { ${ON} ${API} }`);

commandTest(
  '--write keeps what the file was beside it, with the same permissions',
  { 'nginx.conf': SMALL },
  async (t, place) => {
    await chmod(join(place.folder, 'nginx.conf'), 0o640);
    const { stderr } = await place.run(['migrate', '--write', 'nginx.conf']);
    t.is(
      stderr,
      `njs-phantom-token: nginx.conf is written; ${place.folder}/nginx.conf.before_migrate is what it was\n`,
    );
    t.deepEqual((await readdir(place.folder)).sort(), ['nginx.conf', 'nginx.conf.before_migrate']);
    t.is(await readFile(join(place.folder, 'nginx.conf.before_migrate'), 'utf8'), SMALL);
    for (const name of await readdir(place.folder)) {
      t.is((await stat(join(place.folder, name))).mode & 0o777, 0o640);
    }
  },
);

commandTest('an older copy is never overwritten', { 'nginx.conf': SMALL }, async (t, place) => {
  await writeFile(join(place.folder, 'nginx.conf.before_migrate'), 'older');
  await place.run(['migrate', '--write', 'nginx.conf']);
  t.is(await readFile(join(place.folder, 'nginx.conf.before_migrate'), 'utf8'), 'older');
  t.is(await readFile(join(place.folder, 'nginx.conf.before_migrate_2'), 'utf8'), SMALL);
});

commandTest(
  'the copy of a file that `include sites-enabled/*;` reads is beside what the link leads to, and hidden from patterns',
  {
    'nginx.conf': 'events {}\nhttp { include sites-enabled/*; }\n',
    'sites-available/api': `server { ${CURITY}\nlocation / { ${ON} ${API} } }\n`,
  },
  async (t, place) => {
    await mkdir(join(place.folder, 'sites-enabled'));
    await symlink('../sites-available/api', join(place.folder, 'sites-enabled/api'));
    const { code } = await place.run(['migrate', '--write', 'nginx.conf']);
    t.is(code, 1); // nothing loads the module
    t.deepEqual(await readdir(join(place.folder, 'sites-enabled')), ['api']);
    t.deepEqual((await readdir(join(place.folder, 'sites-available'))).sort(), [
      '.api.before_migrate',
      'api',
    ]);
    t.is((await place.run(['check', 'nginx.conf'])).code, 0);
  },
);

commandTest(
  'letters of Latin-1 and the byte order mark stay as they are',
  {
    'nginx.conf': Buffer.concat([Buffer.from(SMALL), Buffer.from('# Sch\xfctzt\n', 'latin1')]),
    'bom.conf': `\uFEFF${SMALL}`,
  },
  async (t, place) => {
    await place.run(['migrate', '--write', 'nginx.conf']);
    const bytes = await readFile(join(place.folder, 'nginx.conf'));
    t.true(bytes.toString('latin1').endsWith('# Sch\xfctzt\n'));
    await place.run(['migrate', '--write', 'bom.conf']);
    t.regex(
      await readFile(join(place.folder, 'bom.conf'), 'utf8'),
      /^\uFEFFload_module modules\/ngx_http_js_module\.so;/,
    );
  },
);

const LONG = `${'a'.repeat(245)}.conf`;

commandTest(
  'when a file cannot be written none is: one line, and it ends with 2',
  {
    'nginx.conf': `events {} http { include ${LONG}; phantom_token off; }\n`,
    [LONG]: `server { ${CURITY} location / { ${ON} ${API} } }\n`,
  },
  async (t, place) => {
    const { code, stderr } = await place.run(['migrate', '--write', 'nginx.conf']);
    t.is(code, 2);
    t.regex(stderr, /^njs-phantom-token: nothing was written: ENAMETOOLONG[^\n]*\n$/);
    t.deepEqual((await readdir(place.folder)).sort(), [LONG, 'nginx.conf']);
  },
);

commandTest(
  '2,000 lines are migrated',
  {
    'nginx.conf': whole(
      Array.from({ length: 500 }, (_, i) => `location /a${i}/ {\n${ON}\n${API}\n}`).join('\n'),
    ),
  },
  async (t, place) => {
    const { ended, text } = await migrated(place);
    t.is(ended.code, 0);
    t.is(text.match(/include phantom_token\/protect\.conf;/g)?.length, 500);
  },
);

/** One line on stderr, which says what is wrong. */
function assertUnreadable(t: ExecutionContext, ended: Ended, problem: string): void {
  t.deepEqual(ended, { code: 2, stdout: '', stderr: `njs-phantom-token: ${problem}\n` });
}

const UNREADABLE: [what: string, content: string | Buffer, problem: string][] = [
  ['a block that is not closed', 'http {\n', "nginx.conf:1: the block is not closed with '}'"],
  ['a brace too much', '}\n', "nginx.conf:1: unexpected '}'"],
  ['an include that is missing', 'include sites/a.conf;', 'nginx.conf:1: sites/a.conf does not exist'],
  ['a binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]), 'nginx.conf is binary, not a configuration'],
  [
    '100 MB',
    Buffer.alloc(100 * 1024 * 1024, '# text\n'),
    'nginx.conf is too large for a configuration: over 16 MB',
  ],
];

for (const [what, content, problem] of UNREADABLE) {
  commandTest(
    `${what}: one line says so, and it ends with 2`,
    { 'nginx.conf': content },
    async (t, place) => {
      assertUnreadable(t, await place.run(['migrate', '--write', 'nginx.conf']), problem);
      t.deepEqual(await readdir(place.folder), ['nginx.conf']);
    },
  );
}

commandTest(
  'a directory, and a file that is not there: one line, and it ends with 2',
  {},
  async (t, place) => {
    assertUnreadable(t, await place.run(['migrate', '.']), '. is a directory');
    assertUnreadable(t, await place.run(['migrate', 'absent.conf']), 'absent.conf does not exist');
  },
);

commandTest(
  'a pipe, as FILE or as an include of it, is not waited for: one line, and it ends with 2',
  { 'nginx.conf': 'include pipe;\n' },
  async (t, place) => {
    await promisify(execFile)('mkfifo', [join(place.folder, 'pipe')]);
    assertUnreadable(t, await place.run(['migrate', '--write', 'pipe']), 'pipe is not a regular file');
    const { code, stderr } = await place.run(['migrate', 'nginx.conf']);
    t.is(code, 2);
    t.regex(stderr, /^njs-phantom-token: [^\n]*pipe is not a regular file\n$/);
  },
);

const WRONG: [args: string[], problem: string][] = [
  [['migrate'], 'FILE is missing'],
  [['migrate', ''], 'FILE is missing'],
  [['migrate', '-'], 'FILE has to be a file, since its includes are read and written too'],
  [['migrate', 'a', 'b'], "one FILE only, not also 'b'"],
  [['migrate', '--json', 'a'], "migrate has no option '--json'"],
  [['check', '--write'], "check has no option '--write'"],
];

for (const [args, problem] of WRONG) {
  commandTest(`wrong usage: ${JSON.stringify(args)} is answered in one line`, {}, async (t, place) => {
    assertUnreadable(t, await place.run(args), `${problem}; see njs-phantom-token --help`);
  });
}
