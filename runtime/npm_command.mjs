/**
 * The npm that runs this script, if one does: the one on the PATH can be another.
 * @returns {[command: string, args: string[]]}
 */
export function npmCommand() {
  const cli = process.env.npm_execpath;
  return cli?.endsWith('npm-cli.js') ? [process.execPath, [cli]] : ['npm', []];
}
