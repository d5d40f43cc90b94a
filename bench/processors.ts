// Which CPU does what, and what a process has used.
import { readFile } from 'node:fs/promises';

/** One CPU is the gateway's alone; everything else runs on the others. Numbers as Linux has them. */
export interface CpuPlan {
  readonly gateway: number;
  readonly others: readonly number[];
}

/** @returns undefined when this process may use one CPU only: then nothing can be measured */
export async function planCpus(): Promise<CpuPlan | undefined> {
  const allowed = await allowedCpus();
  // Not the first: interrupts tend to go there.
  const gateway = allowed.at(-1) as number;
  const siblings = await siblingsOf(gateway);
  const rest = allowed.filter((cpu) => cpu !== gateway);
  // The other thread of the gateway's core would take from it, so it stays idle where there are enough.
  const apart = rest.filter((cpu) => !siblings.includes(cpu));
  const others = apart.length > 0 ? apart : rest;
  return others.length > 0 ? { gateway, others } : undefined;
}

/** The CPUs that this process may use, ascending. */
export async function allowedCpus(): Promise<number[]> {
  const status = await readFile('/proc/self/status', 'utf8');
  return parseCpuList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
}

async function siblingsOf(cpu: number): Promise<number[]> {
  const file = `/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`;
  return parseCpuList(await readFile(file, 'utf8').catch(() => ''));
}

/** @param list  such as `0-3,8` */
export function parseCpuList(list: string): number[] {
  return list
    .trim()
    .split(',')
    .filter((range) => range !== '')
    .flatMap((range) => {
      const [first, last] = range.split('-').map(Number);
      const count = (last ?? (first as number)) - (first as number) + 1;
      return Array.from({ length: count }, (_, index) => (first as number) + index);
    });
}

/** The line for nginx.conf: every worker may use all of these CPUs. */
export function workerAffinity(cpus: readonly number[]): string {
  const mask = Array.from({ length: Math.max(...cpus) + 1 }, (_, cpu) => (cpus.includes(cpu) ? '1' : '0'));
  return `worker_cpu_affinity ${mask.reverse().join('')};`;
}

/** Time that the process has run, in nanoseconds: user and system, of its main thread. nginx has no other. */
export async function cpuTimeNs(pid: number): Promise<number> {
  const [ranNs] = (await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ');
  return Number(ranNs);
}

/** Whether the process waits for something else than a CPU. */
export async function isWaiting(pid: number): Promise<boolean> {
  return /^State:\s*S/m.test(await readFile(`/proc/${pid}/status`, 'utf8'));
}

/** Resident memory of a process, in bytes. */
export interface Memory {
  /** Its own: heap, stack and what it wrote to of its files. */
  readonly privateBytes: number;
  /** Of shared memory, the pages that it has touched: zones. */
  readonly sharedBytes: number;
}

export async function memoryOf(pid: number): Promise<Memory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024;
  return { privateBytes: bytes('RssAnon'), sharedBytes: bytes('RssShmem') };
}
