// What the script needs outside of servers: nginx's njs module, the memory, the variables.
import { type Configuration, type Location, named } from '../check/layout.js';
import type { Directive } from '../nginx_conf/directive.js';
import { loadsModule } from './c_module.js';
import type { Plan } from './plan.js';

const JS_MODULE = 'ngx_http_js_module.so';

/**
 * @param top  of the first file
 * @param includesModules  whether Debian's packages of modules are loaded, each by a file of its own
 */
export function planModule(top: readonly Directive[], includesModules: boolean, plan: Plan): void {
  const old = top.filter(loadsModule);
  const isLoaded =
    includesModules || named(top, 'load_module').some(({ args }) => args[0]?.endsWith(JS_MODULE));
  const [first, ...others] = old;
  for (const line of others) plan.remove(line);
  if (first !== undefined) {
    const folder = (first.args[0] ?? '').replace(/[^/]*$/, '');
    plan.replace(first, [isLoaded ? ALREADY_LOADED : `load_module ${folder}${JS_MODULE};`]);
    return;
  }
  const [begin] = top;
  // The C module may have been built into nginx.
  if (!isLoaded && begin !== undefined) {
    plan.leave(
      begin,
      `nothing loads the njs module. Add load_module modules/${JS_MODULE}; here, unless your nginx has it built in or another file loads it`,
    );
  }
}

const ALREADY_LOADED = `# ${JS_MODULE} is loaded in place of the C module.`;

export function httpLines({ own }: Configuration, folder: string): string[] {
  return [
    ...(named(own, 'variables_hash_bucket_size').length > 0 ? [] : ['variables_hash_bucket_size 128;']),
    `js_path ${folder};`,
    'include phantom_token/zones.conf;',
    'include phantom_token/http.conf;',
  ];
}

export function hasHttpLines({ own }: Configuration): boolean {
  return named(own, 'js_import').some(({ args }) => args[0] === 'phantom_token');
}

export function planHttp(
  top: readonly Directive[],
  configuration: Configuration,
  folder: string,
  plan: Plan,
): void {
  if (hasHttpLines(configuration)) return;
  const http = top.find(({ name }) => name === 'http');
  const lines = httpLines(configuration, folder);
  if (http !== undefined) {
    plan.addAtTop(http, lines);
    return;
  }
  const [first] = top;
  if (first === undefined) return;
  plan.leave(
    first,
    `the http block needs, once: ${lines.join(' ')} Its file is not this one. If you migrate that of the http block, those that it includes are migrated with it`,
  );
}

/** Removes the caches that only introspections have used. */
export function planCaches({ own, servers }: Configuration, asked: readonly Location[], plan: Plan): void {
  const levels = [
    own,
    ...servers.flatMap((server) => [server.own, ...server.allLocations.map((l) => l.own)]),
  ];
  const blocks = new Set(asked.map((location) => location.own));
  const namesIn = (level: readonly Directive[]) => named(level, 'proxy_cache').map(({ args }) => args[0]);
  const gone = new Set([...blocks].flatMap(namesIn));
  const used = new Set(levels.filter((level) => !blocks.has(level)).flatMap(namesIn));
  for (const path of named(own, 'proxy_cache_path')) {
    const zone = path.args.find((word) => word.startsWith('keys_zone='))?.slice('keys_zone='.length);
    const name = zone?.replace(/:.*$/, '');
    if (gone.has(name) && !used.has(name)) {
      plan.replace(path, [
        '# No proxy_cache_path: tokens and JWTs are not kept on disk any more. Delete its folder.',
      ]);
    }
  }
}
