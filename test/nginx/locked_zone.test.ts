// What njs does not do: free the lock of a shared dictionary whose holder was killed. A test that fails here means that
// njs has changed, and docs/security.md with it.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { replaceOnce, runningScript, SHIPPED_SCRIPT } from '../support/altered_script.js';
import { type Gateway, gatewayTest, introspectionLocation, protectedRoot } from '../support/gateway.js';
import { makeJwt } from '../support/jwt.js';
import { jwt } from '../support/scripted_server.js';

const JWT = makeJwt({ exp: 4102444800 });
/** How long an answer has to stay away to be none; a hit takes less than a hundredth of it. */
const NO_ANSWER_MS = 1000;
/** Whoever is killed holds the lock nearly always, but not always. */
const ATTEMPTS = 5;

/** A content handler that does nothing but write to the zone, most of the time under its lock. */
const WRITING = `
  function write_without_end(r) {
    const value = 'x'.repeat(4000000);
    r.warn('writing: ' + r.variables.pid + '.');
    for (;;) ngx.shared.phantom_token.set('key', value, 1000);
  }
  const names = Object.assign({ write_without_end }, index_default);
  export { names as default`;

const script = replaceOnce(
  SHIPPED_SCRIPT.replace(/\s+index_default as default/, ' index_default as default'),
  'export { index_default as default',
  WRITING,
);

async function killWriter(g: Gateway, attempt: number): Promise<void> {
  g.send('/write').catch(() => {}); // its connection ends with its worker
  let writers: string[] = [];
  while (writers.length <= attempt) {
    await delay(20);
    writers = [...(await g.nginx.errorLog()).matchAll(/writing: (\d+)\./g)].map(([, pid = '']) => pid);
  }
  await delay(100);
  process.kill(Number(writers[attempt]), 'SIGKILL');
}

gatewayTest(
  'a worker that is killed with the lock of a zone leaves it locked: no request is answered, and none gets through, not even after a reload, as docs/security.md says (S80)',
  {
    ...runningScript(script),
    isLoad: true,
    server: (words) => `
      ${protectedRoot(words)}
      ${introspectionLocation(words)}
      location = /write { js_content phantom_token.write_without_end; }`,
  },
  async (t, g) => {
    g.as.reply(jwt(JWT));
    let ends: unknown[] = [];
    try {
      for (let attempt = 0; attempt < ATTEMPTS && !ends.includes('none'); attempt += 1) {
        await killWriter(g, attempt);
        ends = await sendUnanswered(g);
      }
      t.true(ends.includes('none'), `${ends}`);
      await reload(g);
      ends.push(...(await sendUnanswered(g)));
    } finally {
      await terminate(g);
    }
    t.true(ends.lastIndexOf('none') >= 4, `${ends}`);
    t.false(ends.slice(4).some(Number), `answered: ${ends}`);
    t.false(ends.includes(200), `${ends}`);
    t.is(g.upstream.requests.length, 0);
  },
);

/** Until a new worker has started: the old ones, which wait for the lock, never end. */
async function reload(g: Gateway): Promise<void> {
  const before = await workersOf(g);
  process.kill(g.nginx.pid, 'SIGHUP');
  while ((await workersOf(g)).every((pid) => before.includes(pid))) await delay(20);
}

async function workersOf(g: Gateway): Promise<number[]> {
  const { pid } = g.nginx;
  const pids = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return pids.split(' ').filter(Boolean).map(Number);
}

/** To the worker that nginx has started in place of the one that was killed. */
function sendUnanswered(g: Gateway): Promise<unknown[]> {
  const sent = Array.from({ length: 4 }, () => g.send('/', { headers: { connection: 'close' } }));
  const ends = sent.map((answer) => answer.then(({ status }) => status).catch(() => 'lost'));
  return Promise.all(ends.map((end) => Promise.race([end, delay(NO_ANSWER_MS, 'none')])));
}

/** A worker that waits for the lock obeys no signal but 9; nginx would send that one late, and the CPU is wanted elsewhere. */
async function terminate(g: Gateway): Promise<void> {
  const { pid } = g.nginx;
  process.kill(pid, 'SIGTERM');
  for (const worker of await workersOf(g)) process.kill(worker, 'SIGKILL');
  while (isAlive(pid)) await delay(20);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
