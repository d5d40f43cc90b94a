// What must be in no log of nginx.
import type { RuleName } from './rules.js';

export interface LogFinding {
  readonly rule: RuleName;
  readonly text: string;
}

const EXIT = /worker process (\d+) (exited with code (\d+)|exited on signal (\d+))/;
/** What nginx says of a worker that was killed, or that had to leave connections behind. */
const OF_A_WORKER =
  /worker process (\d+) exited on signal 9|was locked by (\d+)|\] (\d+)#\d+: .*open socket #\d+ left/;

/**
 * @param ended  workers that were killed, told to end, or replaced by a reload
 * @param secrets  texts that no line may hold
 */
export function readErrorLog(
  log: string,
  ended: ReadonlySet<number>,
  secrets: readonly string[],
): LogFinding[] {
  const leaving = new Set(
    [...log.matchAll(/\] (\d+)#\d+: gracefully shutting down/g)].map(([, pid]) => Number(pid)),
  );
  const isOurs = (pid: string | undefined) => ended.has(Number(pid));
  const findings: LogFinding[] = [];
  for (const line of log.split('\n')) {
    const [, pid, , code, signal] = EXIT.exec(line) ?? [];
    const isExpected = isOurs(pid) || (leaving.has(Number(pid)) && code === '0');
    const isCrash = (signal !== undefined && signal !== '9') || (code !== undefined && code !== '0');
    if (pid !== undefined && (isCrash || !isExpected)) findings.push({ rule: 'worker_died', text: line });
    if (/\[(alert|emerg)\]/.test(line) && !isCaused(line, isOurs))
      findings.push({ rule: 'unwell', text: line });
    if (secrets.some((secret) => line.includes(secret))) {
      findings.push({ rule: 'secret_in_log', text: `${line.slice(0, 40)} ...` });
    }
  }
  return findings;
}

function isCaused(line: string, isOurs: (pid: string | undefined) => boolean): boolean {
  const [, killed, locker, leaver] = OF_A_WORKER.exec(line) ?? [];
  return isOurs(killed ?? locker ?? leaver);
}
