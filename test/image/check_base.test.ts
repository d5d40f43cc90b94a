// docker/check_base.sh with fakes of the programs that it calls: what it does when they are slow or fail.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';

const SCRIPT = fileURLToPath(new URL('../../docker/check_base.sh', import.meta.url));

/** Goes to the background like nginx. Told to end, it takes a second and writes to its folder once more. */
const SLOW_NGINX = `#!/bin/sh
folder=\${4%/nginx.conf}
(
  trap 'sleep 1; echo late >"$folder/late"; rm "$folder/nginx.pid"; echo ended >>"$JOURNAL"; exit' TERM
  echo started >>"$JOURNAL"
  while [ -d "$folder" ]; do sleep 0.1; done
) >/dev/null 2>&1 &
echo $! >"$folder/nginx.pid"
while [ ! -s "$JOURNAL" ]; do sleep 0.1; done
`;

interface Check {
  readonly output: string;
  readonly code: number;
  /** What the fake nginx has done when the script ends. */
  readonly journal: string;
  /** The files left in the folder for temporary files. */
  readonly left: string[];
}

/** Runs the script with these programs in place of the system's. */
async function check(t: ExecutionContext, programs: Record<string, string>): Promise<Check> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-base-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [bin, temporary, journal] = [join(folder, 'bin'), join(folder, 'tmp'), join(folder, 'journal')];
  await mkdir(bin);
  await mkdir(temporary);
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  }
  const env = { PATH: bin + delimiter + process.env.PATH, TMPDIR: temporary, JOURNAL: journal };
  const ended = await promisify(execFile)('sh', [SCRIPT], { env }).then(
    ({ stdout, stderr }) => ({ output: stdout + stderr, code: 0 }),
    ({ stdout, stderr, code }) => ({ output: stdout + stderr, code }),
  );
  return { ...ended, journal: await readFile(journal, 'utf8'), left: await readdir(temporary) };
}

const answering = (version: string) => `#!/bin/sh\necho ${version}\n`;

test('the script ends after its nginx, and leaves nothing that nginx wrote until then', async (t) => {
  const checked = await check(t, { nginx: SLOW_NGINX, wget: answering('1.0.2') });
  t.deepEqual(checked, { output: 'njs 1.0.2\n', code: 0, journal: 'started\nended\n', left: [] });
});

test('an image is accepted although the temporary folder cannot be removed', async (t) => {
  const checked = await check(t, {
    nginx: SLOW_NGINX,
    wget: answering('1.0.2'),
    rm: '#!/bin/sh\ncase $* in *nginx.pid) exec /bin/rm "$@" ;; esac\nexit 1\n',
  });
  t.is(checked.code, 0, checked.output);
  t.is(checked.left.length, 1);
});

test('an image that is too old is refused also then, and its nginx is ended', async (t) => {
  const checked = await check(t, { nginx: SLOW_NGINX, wget: answering('0.9.8') });
  t.is(checked.code, 1);
  t.regex(checked.output, /it has njs 0\.9\.8, and 1\.0\.1 or newer is needed/);
  t.is(checked.journal, 'started\nended\n');
});

test('an nginx that does not answer is ended too', async (t) => {
  const checked = await check(t, {
    nginx: SLOW_NGINX,
    wget: '#!/bin/sh\nexit 1\n',
    curl: '#!/bin/sh\nexit 1\n',
  });
  t.is(checked.code, 1);
  t.regex(checked.output, /its nginx does not answer/);
  t.is(checked.journal, 'started\nended\n');
});
