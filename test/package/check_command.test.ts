// `check` as a command: what it reads, what it prints, how it ends.
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { commandTest as checkTest, type Ended } from '../support/command.js';
import { REPOSITORY } from '../support/pages.js';

const HTTP = 'js_path /x; include phantom_token/zones.conf; include phantom_token/http.conf;';
const INTROSPECT =
  'location = /introspect { include phantom_token/introspection_limits.conf; include phantom_token/introspection.conf; proxy_pass https://login.example.com; }';
const ON = 'set $phantom_token on; set $phantom_token_introspection_endpoint /introspect;';
const API = 'proxy_pass http://127.0.0.1:8082;';
const MISSPELT = 'set $phantom_token_audiense a;';

/** A whole configuration with these lines in its server. */
function whole(lines: string): string {
  return `events {}\nhttp { ${HTTP} server { listen 8080; ${INTROSPECT}\n${lines}\n} }\n`;
}

const GOOD = whole(`location /api/ { ${ON} include phantom_token/protect.conf; ${API} }`);
const BAD = whole(`location /api/ { ${ON}\n${MISSPELT}\ninclude phantom_token/protect.conf; ${API} }`);
const WARNED = whole(
  `location /api/ { ${ON} include phantom_token/protect.conf; ${API} }\nlocation /v2/ { ${API} }`,
);

checkTest('without findings it prints nothing and ends with 0', { 'nginx.conf': GOOD }, async (t, place) => {
  t.deepEqual(await place.run(['check', 'nginx.conf']), { code: 0, stdout: '', stderr: '' });
});

checkTest('an error is one line, and it ends with 1', { 'nginx.conf': BAD }, async (t, place) => {
  t.deepEqual(await place.run(['check', 'nginx.conf']), {
    code: 1,
    stdout:
      'nginx.conf:4: error: unknown_setting: $phantom_token_audiense is no setting. nginx takes it for a variable of your own and says nothing, so it requires nothing. Did you mean $phantom_token_audience?\n',
    stderr: '',
  });
});

checkTest(
  'a warning alone ends with 0, so that it stops no deployment',
  { 'nginx.conf': WARNED },
  async (t, place) => {
    const { code, stdout } = await place.run(['check', 'nginx.conf']);
    t.is(code, 0);
    t.regex(stdout, /^nginx\.conf:4: warning: unprotected_neighbour: .*\n$/);
  },
);

checkTest(
  '--json prints the findings as one object, also when there is none',
  { 'nginx.conf': BAD, good: GOOD },
  async (t, place) => {
    const { code, stdout } = await place.run(['check', '--json', 'nginx.conf']);
    t.is(code, 1);
    const [finding, ...others] = JSON.parse(stdout).findings;
    t.deepEqual(others, []);
    t.like(finding, { code: 'unknown_setting', level: 'error', file: 'nginx.conf', line: 4 });
    t.deepEqual(JSON.parse((await place.run(['check', '--json', 'good'])).stdout), { findings: [] });
  },
);

checkTest(
  '--github prints annotations, with what GitHub reads as its own escaped',
  { 'a,b:c.conf': BAD },
  async (t, place) => {
    const { stdout } = await place.run(['check', '--github', 'a,b:c.conf']);
    t.regex(
      stdout,
      /^::error file=a%2Cb%3Ac\.conf,line=4,title=unknown_setting::\$phantom_token_audiense is .*\n$/,
    );
  },
);

checkTest(
  '--njs names the njs that will run: a mode that it cannot run safely is an error',
  { 'nginx.conf': GOOD },
  async (t, place) => {
    t.is((await place.run(['check', '--njs', '1.0.1', 'nginx.conf'])).code, 0);
    const { code, stdout } = await place.run(['check', '--njs', '0.8.9', 'nginx.conf']);
    t.is(code, 1);
    t.regex(stdout, / error: njs_unsafe: /);
    t.regex(stdout, / error: zones_evict_unsafe: /);
  },
);

checkTest(
  'includes: relative to the first file, patterns in order, also from an included file',
  {
    'etc/nginx.conf': `events {}\nhttp { ${HTTP} include sites/*.conf; }`,
    'etc/sites/b.conf': `server { listen 8081; include parts/location.conf; }`,
    'etc/sites/a.conf': `server { ${MISSPELT} }`,
    'etc/sites/.hidden.conf': 'this is not read',
    'etc/sites/c.txt': 'nor is this',
    'etc/parts/location.conf': `\nlocation / {\n${MISSPELT}\n}`,
  },
  async (t, place) => {
    const { stdout } = await place.run(['check', 'etc/nginx.conf']);
    t.deepEqual(
      stdout.split('\n').map((line) => line.split(': ')[0]),
      ['etc/sites/a.conf:1', 'etc/parts/location.conf:3', ''],
    );
  },
);

checkTest(
  'an include in a protected location that leads to our file elsewhere is ours',
  {
    'nginx.conf': whole(
      `location /api/ { ${ON} include here/protect.conf; ${API}\nlocation /api/x { ${API} } }`,
    ),
    other: '',
  },
  async (t, place) => {
    await symlink(join(REPOSITORY, 'nginx'), join(place.folder, 'here'));
    const { stdout } = await place.run(['check', 'nginx.conf']);
    t.regex(stdout, /^nginx\.conf:4: error: nested_without_include: [^\n]*\n$/);
  },
);

const DUMP = `nginx: the configuration file /etc/nginx/nginx.conf syntax is ok
# configuration file /etc/nginx/nginx.conf:
events {}
http { ${HTTP} include conf.d/*.conf; }

# configuration file /etc/nginx/conf.d/api.conf:
server {
    ${MISSPELT}
}
`;

checkTest(
  '- reads what nginx -T prints, and names the files and lines that it names',
  {},
  async (t, place) => {
    const { code, stdout } = await place.run(['check', '-'], DUMP);
    t.is(code, 1);
    t.regex(stdout, /^\/etc\/nginx\/conf\.d\/api\.conf:2: error: unknown_setting: [^\n]*\n$/);
  },
);

checkTest('- reads a configuration without such marks as well', {}, async (t, place) => {
  t.regex((await place.run(['check', '-'], BAD)).stdout, /^-:4: error: unknown_setting: /);
});

/** One line on stderr, which says what is wrong. */
function assertUnreadable(t: ExecutionContext, ended: Ended, problem: string): void {
  t.deepEqual(ended, { code: 2, stdout: '', stderr: `njs-phantom-token: ${problem}\n` });
}

const UNREADABLE: [what: string, content: string | Buffer, problem: string][] = [
  [
    'a block that is not closed',
    'events {}\nhttp {\n  server {\n  }\n',
    "nginx.conf:2: the block is not closed with '}'",
  ],
  ['a brace too much', 'events {}\n}\n', "nginx.conf:2: unexpected '}'"],
  ['a directive that does not end', 'user nginx', "nginx.conf:1: 'user' does not end with ';'"],
  ['a `;` without a directive', 'user a;\n;', "nginx.conf:2: unexpected ';'"],
  [
    'a quoted text that is not closed',
    'user a;\nlog_format "a;\n',
    'nginx.conf:2: a quoted text is not closed',
  ],
  ['a letter directly after a quoted text', 'user "a"b;', "nginx.conf:1: 'b' directly after a quoted text"],
  [
    'an include that is missing',
    'user a;\ninclude sites/a.conf;',
    'nginx.conf:2: sites/a.conf does not exist',
  ],
  ['an include whose name has a line feed', 'include "a\nb";', 'nginx.conf:1: a b does not exist'],
  ['a file that includes itself', 'user a;\ninclude nginx.conf;', 'nginx.conf:2: nginx.conf includes itself'],
  ['a folder that is included', 'include .;', '. is a directory'],
  ['a binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]), 'nginx.conf is binary, not a configuration'],
  [
    '100 MB',
    Buffer.alloc(100 * 1024 * 1024, '# text\n'),
    'nginx.conf is too large for a configuration: over 16 MB',
  ],
  ['blocks in blocks without end', 'a {'.repeat(100_000), 'nginx.conf:1: blocks are nested too deeply'],
];

for (const [what, content, problem] of UNREADABLE) {
  checkTest(`${what}: one line says so, and it ends with 2`, { 'nginx.conf': content }, async (t, place) => {
    assertUnreadable(t, await place.run(['check', 'nginx.conf']), problem);
  });
}

checkTest(
  'a directory, a file that is not there, and too much input: one line, and it ends with 2',
  {},
  async (t, place) => {
    assertUnreadable(t, await place.run(['check', '.']), '. is a directory');
    assertUnreadable(t, await place.run(['check', 'absent.conf']), 'absent.conf does not exist');
    assertUnreadable(
      t,
      await place.run(['check', '/dev/zero']),
      '/dev/zero is too large for a configuration: over 16 MB',
    );
    const large = Buffer.alloc(17 * 1024 * 1024, '# text\n');
    assertUnreadable(
      t,
      await place.run(['check', '-'], large),
      'the standard input is too large for a configuration: over 16 MB',
    );
    assertUnreadable(t, await place.run(['check', '-'], 'http {'), "-:1: the block is not closed with '}'");
  },
);

const WRONG: [args: string[], problem: string][] = [
  [['check', ''], 'FILE is empty'],
  [['check', 'a', 'b'], "one FILE only, not also 'b'"],
  [['check', '--json', '--github'], 'either --json or --github'],
  [['check', '--njs', 'new'], "'new' is no version of njs such as 1.0.2"],
  [['check', '--force'], "check has no option '--force'"],
  [['init', '--json', 'a'], "init has no option '--json'"],
];

for (const [args, problem] of WRONG) {
  checkTest(`wrong usage: ${JSON.stringify(args)} is answered in one line`, {}, async (t, place) => {
    assertUnreadable(t, await place.run(args), `${problem}; see njs-phantom-token --help`);
  });
}

checkTest(
  'init checks the nginx.conf beside DIR, which may have the lines of an older version',
  { 'nginx.conf': BAD },
  async (t, place) => {
    const { code, stderr } = await place.run(['init', 'phantom_token']);
    t.is(code, 0);
    t.regex(
      stderr,
      /^njs-phantom-token: \/.*\/nginx\.conf has mistakes \(docs\/check\.md\):\n\/.*\/nginx\.conf:4: error: unknown_setting: [^\n]*\n$/,
    );
  },
);

for (const content of [GOOD, 'http {', 'events {} http { server { listen 80; } }']) {
  checkTest(
    `init says nothing of an nginx.conf in which nothing is found: ${content.slice(0, 40)}`,
    { 'nginx.conf': content },
    async (t, place) => {
      const { code, stderr } = await place.run(['init', 'phantom_token']);
      t.is(code, 0);
      t.is(stderr, '');
    },
  );
}
