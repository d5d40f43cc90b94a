// What a reader has to know of the machine that figures come from.
import { readFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { type NginxRuntime, resolveNginx } from '../runtime/nginx_runtime.mjs';
import { BenchError } from './program.js';
import type { RuntimeName } from './rows.js';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly isVirtual: boolean;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly nginx: Record<RuntimeName, { readonly nginx: string; readonly njs: string }>;
}

export type Runtimes = Readonly<Record<RuntimeName, NginxRuntime>>;

export async function describeMachine(runtimes: Runtimes): Promise<Machine> {
  const all = cpus();
  const info = await readFile('/proc/cpuinfo', 'utf8');
  const versions = ({ nginxVersion, njsVersion }: NginxRuntime) => ({ nginx: nginxVersion, njs: njsVersion });
  return {
    cpu: all[0]?.model.trim() ?? 'unknown',
    cores: all.length,
    isVirtual: /^flags\b.*\bhypervisor\b/m.test(info),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    // Without what a distribution or a host adds to it.
    kernel: release().split('-')[0] as string,
    nginx: { modern: versions(runtimes.modern), legacy: versions(runtimes.legacy) },
  };
}

/** @throws {BenchError} when one is not there; set-up fetches them */
export async function findRuntimes(): Promise<Runtimes> {
  const modern = await resolveNginx('modern');
  const legacy = await resolveNginx('legacy');
  if ('problem' in modern) throw new BenchError(`${modern.problem}: ${modern.advice}`);
  if ('problem' in legacy) throw new BenchError(`${legacy.problem}: ${legacy.advice}`);
  return { modern, legacy };
}
