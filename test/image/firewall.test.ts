// .ci/firewall with fakes of the programs that it calls: these tests change no rule of this machine.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';

const SCRIPT = fileURLToPath(new URL('../../.ci/firewall', import.meta.url));

/** Prints the file `rules` in the folder of the test, and writes what it is told to restore to `restored`. */
const PROGRAMS = {
  'iptables-save': 'cat "$TEST/rules"',
  'iptables-restore': 'cat >"$TEST/restored"',
  'ip6tables-save': ':',
  'ip6tables-restore': 'cat >/dev/null',
};

const OF_THE_ENGINE = `*filter
:FORWARD ACCEPT [0:0]
:DOCKER - [0:0]
-A FORWARD -j DOCKER
COMMIT
*nat
:DOCKER - [0:0]
-A DOCKER -j RETURN
COMMIT
`;

/** What is restored when these rules existed before the engine started. */
async function restored(t: ExecutionContext, before: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-firewall-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const [name, command] of Object.entries(PROGRAMS)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${command}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const env = { PATH: bin + delimiter + process.env.PATH, TEST: folder };
  await writeFile(join(folder, 'rules'), before);
  await promisify(execFile)(SCRIPT, ['save', folder], { env });
  await writeFile(join(folder, 'rules'), OF_THE_ENGINE);
  await promisify(execFile)(SCRIPT, ['restore', folder], { env });
  return readFile(join(folder, 'restored'), 'utf8');
}

test('tables that were empty are emptied, although iptables-save does not name them', async (t) => {
  t.is(await restored(t, ''), '*filter\nCOMMIT\n*nat\nCOMMIT\n');
});

test('rules that existed before are restored, and the other tables are emptied', async (t) => {
  const before = '*filter\n:INPUT DROP [0:0]\n-A INPUT -j ACCEPT\nCOMMIT\n';
  t.is(await restored(t, before), `${before}*nat\nCOMMIT\n`);
});
