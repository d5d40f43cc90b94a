// The options of `npm start`. Like demo/main.mjs, it runs before anything is installed and uses nothing but Node.
import { parseArgs } from 'node:util';

/** @typedef {'gateway' | 'authorizationServer' | 'api'} Role */
/** @typedef {Record<Role, number>} Ports  0 takes any free port */
/** @typedef {{once: boolean, ports: Ports}} DemoOptions */

/**
 * @typedef {{kind: 'run', options: DemoOptions}
 *   | {kind: 'help'}
 *   | {kind: 'wrong', problem: string}} CommandLine  problem is one line, without a full stop
 */

/** @type {Readonly<Ports>} the ports in demo/nginx.conf */
export const DEFAULT_PORTS = Object.freeze({ gateway: 8080, authorizationServer: 8081, api: 8082 });

/** @type {Readonly<Record<Role, string>>} */
export const PORT_OPTIONS = Object.freeze({
  gateway: '--port',
  authorizationServer: '--as-port',
  api: '--api-port',
});

export const USAGE = `Usage: npm start -- [options]

  --once          end after the walk; exit code 1 if a step failed
  --port N        port of the gateway (${DEFAULT_PORTS.gateway})
  --as-port N     port of the authorization server (${DEFAULT_PORTS.authorizationServer})
  --api-port N    port of the API (${DEFAULT_PORTS.api})
  --help          show this text

Port 0 takes any free port.`;

/**
 * @param {string[]} args  without the program and the script
 * @returns {CommandLine}
 */
export function readCommandLine(args) {
  const values = parse(args);
  if (typeof values === 'string') return { kind: 'wrong', problem: values };
  if (values.help) return { kind: 'help' };
  /** @type {[option: string, text: string][]} */
  const given = [
    [PORT_OPTIONS.gateway, values.port],
    [PORT_OPTIONS.authorizationServer, values['as-port']],
    [PORT_OPTIONS.api, values['api-port']],
  ];
  for (const [option, text] of given) {
    if (!isPort(text))
      return { kind: 'wrong', problem: `${option} ${text}: a port is a number from 0 to 65535` };
  }
  const ports = {
    gateway: Number(values.port),
    authorizationServer: Number(values['as-port']),
    api: Number(values['api-port']),
  };
  return { kind: 'run', options: { once: values.once, ports } };
}

/**
 * The values, or the problem when the options are wrong.
 * @param {string[]} args
 */
function parse(args) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        port: { type: 'string', default: String(DEFAULT_PORTS.gateway) },
        'as-port': { type: 'string', default: String(DEFAULT_PORTS.authorizationServer) },
        'api-port': { type: 'string', default: String(DEFAULT_PORTS.api) },
      },
    });
    return values;
  } catch (error) {
    return /** @type {Error} */ (error).message.replace(/\.$/, '');
  }
}

/** @param {string} text */
function isPort(text) {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}
