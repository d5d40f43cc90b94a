import { readFileSync } from 'node:fs';
import test from 'ava';
import { settingsTable } from '../../src/core/settings.js';

const HTTP_CONF = readFileSync(new URL('../../nginx/http.conf', import.meta.url), 'utf8');
const TABLE = settingsTable();
const VARIABLES = TABLE.map(({ variable }) => variable);
/** What the script writes: http.conf declares them under this prefix, too, and they are no settings. */
const RESULTS = ['phantom_token_authorization', 'phantom_token_cache_status', 'phantom_token_reason'];

interface Declaration {
  readonly variable: string;
  /** What follows the name before the semicolon; '' for nothing. */
  readonly value: string;
  readonly comment: string;
}

/** The js_var lines of a file, in order; those in comments are none. */
function jsVarsOf(conf: string): Declaration[] {
  return Array.from(conf.matchAll(/^[ \t]*js_var\s+\$(\w+)\s*([^;]*);[ \t]*#?[ \t]*(.*)$/gm), (match) => ({
    variable: match[1] as string,
    value: match[2] as string,
    comment: match[3] as string,
  }));
}

/** The body of `map $source $target { ... }`, without comments. */
function mapBodyOf(conf: string, source: string, target: string): string {
  const withoutComments = conf.replace(/^([^"#]*)#.*$/gm, '$1');
  const match = new RegExp(`^map \\$${source} \\$${target} \\{([^}]*)\\}`, 'm').exec(withoutComments);
  return match === null ? '' : (match[1] as string);
}

function declarationOf(variable: string): Declaration | undefined {
  return jsVarsOf(HTTP_CONF).find((declaration) => declaration.variable === variable);
}

for (const { variable, defaultValue } of TABLE) {
  test(`http.conf: declares $${variable} once and without a value: empty means the default of the table`, (t) => {
    const declarations = jsVarsOf(HTTP_CONF).filter((declaration) => declaration.variable === variable);
    t.deepEqual(
      declarations.map(({ value }) => value),
      [''],
    );
  });

  if (defaultValue !== '') {
    test(`http.conf: the comment of $${variable} starts with its default, ${defaultValue}`, (t) => {
      t.is(declarationOf(variable)?.comment.split(/[\s;]/)[0], defaultValue);
    });
  }
}

test('http.conf: declares under the prefix nothing but settings and results, so that none is without a reader', (t) => {
  const declared = jsVarsOf(HTTP_CONF)
    .map(({ variable }) => variable)
    .filter((variable) => variable.startsWith('phantom_token'));
  t.deepEqual(declared.toSorted(), [...VARIABLES, ...RESULTS].toSorted());
});

test('http.conf: joins exactly the rows of the table, in its order, a line break between two', (t) => {
  const body = mapBodyOf(HTTP_CONF, 'phantom_token', 'phantom_settings');
  const joined = /^\s*default "([^"]*)";$/m.exec(body)?.[1] ?? '';
  t.deepEqual(
    joined.split('\\n'),
    VARIABLES.map((variable) => `$${variable}`),
  );
});

test('http.conf: the joined settings are made anew after an internal redirect, and depend on no value', (t) => {
  const body = mapBodyOf(HTTP_CONF, 'phantom_token', 'phantom_settings');
  const directives = body
    .split(';')
    .map((text) => text.trim().split(/\s/)[0])
    .filter((name) => name !== '');
  t.deepEqual(directives.toSorted(), ['default', 'volatile']);
});

test('jsVarsOf: reads declarations, their values and comments, and skips what is a comment itself', (t) => {
  const conf = '# js_var $a;\njs_var $b;   # 60 (seconds)\n  js_var $c "x y";\njs_set $d e.f;\n';
  t.deepEqual(jsVarsOf(conf), [
    { variable: 'b', value: '', comment: '60 (seconds)' },
    { variable: 'c', value: '"x y"', comment: '' },
  ]);
});

test('mapBodyOf: reads the map of these two variables and no other, and no comments', (t) => {
  const conf = '#map $a $b { x; }\nmap $a $c { y; }\nmap $a $b {\n  # old;\n  default "z # z";\n}\n';
  t.is(mapBodyOf(conf, 'a', 'b').trim(), 'default "z # z";');
  t.is(mapBodyOf(conf, 'a', 'd'), '');
});
