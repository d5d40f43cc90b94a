// What the system says of nginx's processes.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in between.
  }
}

const SPIN_SAMPLES = 20;
const SPIN_SAMPLE_MS = 50;

/** Whether one of them always runs, or wants to: it waits for a lock, as one that waits for events sleeps most of the time. */
export async function spins(pids: readonly number[]): Promise<boolean> {
  let running = [...pids];
  for (let sample = 0; sample < SPIN_SAMPLES && running.length > 0; sample += 1) {
    const states = await Promise.all(running.map(stateOf));
    running = running.filter((_, index) => states[index]?.isRunning);
    await delay(SPIN_SAMPLE_MS);
  }
  return running.length > 0;
}

interface ProcessState {
  readonly isRunning: boolean;
  /** Clock ticks since the machine was started; with the id, it names a process for ever. */
  readonly startedAt: string;
}

/** @returns undefined when there is no such process */
async function stateOf(pid: number): Promise<ProcessState | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name before the fields may hold spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', startedAt = ''] = [fields[0], fields[19]];
  return text === '' ? undefined : { isRunning: state === 'R', startedAt };
}

interface Worker {
  readonly pid: number;
  readonly startedAt: string | undefined;
}

export async function identify(pid: number): Promise<Worker> {
  return { pid, startedAt: (await stateOf(pid))?.startedAt };
}

/** Whether it is still the same process. */
export async function isAlive({ pid, startedAt }: Worker): Promise<boolean> {
  return startedAt !== undefined && (await stateOf(pid))?.startedAt === startedAt;
}

export async function listDescriptors(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}
