// `npm start`: reads the command line, sets up a fresh checkout, runs the demo. It uses nothing but Node until the
// packages are installed, so that --help and a wrong option are answered at once.
import { setUp } from '../runtime/setup.mjs';
import { readCommandLine, USAGE } from './command_line.mjs';

process.exitCode = await main(process.argv.slice(2));

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function main(args) {
  const command = readCommandLine(args);
  switch (command.kind) {
    case 'help':
      console.log(USAGE);
      return 0;
    case 'wrong':
      console.error(`${command.problem}\n\n${USAGE}`);
      return 1;
    case 'run': {
      if (!(await setUp('demo'))) return 1;
      console.log();
      const { tsImport } = await import('tsx/esm/api');
      /** @type {typeof import('./start.js')} */
      const { runDemo } = await tsImport('./start.ts', import.meta.url);
      return runDemo(command.options);
    }
  }
}
