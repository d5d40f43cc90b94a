import { readFileSync } from 'node:fs';
import test from 'ava';

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

const CONF = read('nginx/http.conf');
const TABLE =
  read('docs/nginx_rules.md').split('## Variables that are not yours')[1]?.split('\n## ')[0] ?? '';

test('the table of private variables has a row for each that http.conf declares, and no other', (t) => {
  const declared = Array.from(CONF.matchAll(/^(?:js_var|map \S+) (\$_phantom\w*)/gm), ([, name]) => name);
  const rows = Array.from(TABLE.matchAll(/^\| (`[^|]*`) \|/gm), ([, names]) => names as string);
  const named = rows.flatMap((names) => Array.from(names.matchAll(/\$\w+/g), ([name]) => name));
  t.deepEqual(named.toSorted(), declared.toSorted());
});

test('every variable of http.conf that nginx.conf may not use begins with $_phantom, and no setting or result does', (t) => {
  const all = Array.from(CONF.matchAll(/^(?:js_var|js_set|map \S+) (\$\w+)/gm), ([, name]) => name as string);
  t.deepEqual(
    all.filter(
      (name) => !/^\$(_phantom_\w+|phantom_token\w*|phantom_jwt|phantom_introspection_limit)$/.test(name),
    ),
    [],
  );
});
