// What the programs of the benchmark share: how they start, speak and fail.
import { NginxError } from '../runtime/nginx_process.js';

/** A run that is worth nothing, and why: a wrong option, a tool that is missing, a row that does not do what it claims. */
export class BenchError extends Error {
  override name = 'BenchError';
}

/** What takes time, one line; on stderr, so that stdout holds the figures alone. */
export function progress(line: string): void {
  console.error(`  ... ${line}`);
}

/** Runs a program of the benchmark; its exit code is what `main` resolves to, or 1. */
export async function runProgram(main: (args: string[]) => Promise<number>): Promise<void> {
  // nginx and wrk are ended at the exit of this process, which a signal alone would not let happen.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(isForReader(error) ? `\nbench: ${(error as Error).message}` : error);
    process.exitCode = 1;
  }
}

/** What the reader can change needs no stack: a run that failed, nginx's own words, a wrong option. */
function isForReader(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return (
    error instanceof BenchError || error instanceof NginxError || /^(ERR_PARSE_ARGS|ENOENT)/.test(code ?? '')
  );
}
