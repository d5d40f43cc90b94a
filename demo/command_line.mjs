// The options of `npm start`. Like demo/main.mjs, it runs before anything is installed and uses nothing but Node.
import { parseArgs } from 'node:util';

/** @typedef {'gateway' | 'authorizationServer' | 'api'} Role */
/** @typedef {Record<Role, number>} Ports  0 takes any free port */
/** @typedef {'jwt' | 'json' | 'rfc9701'} ServerName  what the authorization server answers to an introspection */
/** @typedef {{once: boolean, dpop: boolean, server: ServerName, ports: Ports}} DemoOptions */

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

/** @type {ServerName} */
export const DEFAULT_SERVER = 'jwt';

/** @type {Readonly<Record<ServerName, string>>} what each answers to an introspection, to be read after "with" */
export const SERVERS = Object.freeze({
  jwt: 'the JWT, as Curity does',
  json: 'JSON, as most do: the gateway signs the JWT',
  rfc9701: 'a signed response (RFC 9701): the gateway signs the JWT',
});

export const USAGE = `Usage: npm start -- [options]

  --once          end after the walk; exit code 1 if a step failed
  --server NAME   what the authorization server answers to an introspection (${DEFAULT_SERVER}):
${serverLines()}
  --dpop          also take tokens that are bound to a key (RFC 9449), and show what a thief gets
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
  const { server } = values;
  if (!isServer(server)) {
    return { kind: 'wrong', problem: `--server ${server}: there are ${Object.keys(SERVERS).join(', ')}` };
  }
  const ports = {
    gateway: Number(values.port),
    authorizationServer: Number(values['as-port']),
    api: Number(values['api-port']),
  };
  return { kind: 'run', options: { once: values.once, dpop: values.dpop, server, ports } };
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
        dpop: { type: 'boolean', default: false },
        server: { type: 'string', default: DEFAULT_SERVER },
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

function serverLines() {
  const lines = Object.entries(SERVERS).map(
    ([name, answer]) => `                  ${name.padEnd(8)} ${answer}`,
  );
  return lines.join('\n');
}

/**
 * @param {string} text
 * @returns {text is ServerName}
 */
function isServer(text) {
  return Object.hasOwn(SERVERS, text);
}

/** @param {string} text */
function isPort(text) {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65535;
}
