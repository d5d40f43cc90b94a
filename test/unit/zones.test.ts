import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';

const SNIPPETS = new URL('../../nginx/', import.meta.url);
const FILES = readdirSync(SNIPPETS).filter((name) => name.startsWith('zones'));

function zoneLines(file: string): string[] {
  const text = readFileSync(new URL(file, SNIPPETS), 'utf8');
  return text.match(/^(# )?js_shared_dict_zone .*$/gm) ?? [];
}

test('the zones files are the two for newer and older njs, with six zones each', (t) => {
  t.deepEqual(FILES.toSorted(), ['zones.conf', 'zones_njs_0.8.conf']);
  for (const file of FILES) t.is(zoneLines(file).length, 6, file);
});

for (const file of FILES) {
  test(`${file}: no zone has a state file, which would hold JWTs for everybody to read, and stop nginx when it is broken (S61, S81)`, (t) => {
    t.deepEqual(
      zoneLines(file).filter((line) => /\bstate=/.test(line)),
      [],
    );
  });

  test(`${file}: locks, purges, breakers and used proofs are in zones that do not evict, so that no flood pushes them out (S75, S126)`, (t) => {
    const evicting = zoneLines(file).filter((line) => /\bevict\b/.test(line));
    t.deepEqual(
      evicting.filter((line) => !/zone=phantom_token(_denied)?:/.test(line)),
      [],
    );
  });
}
