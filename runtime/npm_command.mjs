/**
 * The npm that runs this script, if any: the one on the PATH may be another.
 * @returns {[command: string, args: string[]]}
 */
export function npmCommand() {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
}
