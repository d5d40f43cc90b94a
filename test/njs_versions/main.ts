// `npm run test:njs`: runs the main cases of the nginx tests on several versions of njs, and writes docs/njs_versions.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { probeNginx } from '../../runtime/nginx_probe.mjs';
import { type NginxRuntime, RUNTIMES, resolveNginx } from '../../runtime/nginx_runtime.mjs';
import { REPOSITORY } from '../support/pages.js';
import { buildModule, type Sources, type Version } from './build.js';
import { buildPage } from './page.js';
import { probeFaults } from './probe_faults.js';
import { type FaultRow, merge, type Results, type Row, WAYS } from './results.js';
import { tryWay } from './try_way.js';

const USAGE = `npm run test:njs -- [--source DIR] [--versions LIST] [--nginx modern|legacy] [--quickjs DIR] [--faults] | --page

  --source DIR     a clone of github.com/nginx/njs, with its tags. Without it only Debian's own module is tried
  --versions LIST  for example 0.8.9,1.0.0; 1.0.1=3e02ae0f for a commit that has no tag; \`package\` for Debian's own
                   module of the tests. Default: those of the project's requirements
  --nginx NAME     modern (default): the nginx that the tests use in access mode; legacy: that of the oldest njs
  --quickjs DIR    the sources of QuickJS (bellard.org). Without them the modules have njs's own engine only
  --faults         runs no tests, and only provokes the known faults of njs
  --page           runs nothing, and writes docs/njs_versions.md from test/njs_versions/results.json

Building needs root, because the compiler runs by chroot in a folder. A version takes some minutes.
`;

const RESULTS = `${REPOSITORY}test/njs_versions/results.json`;
const PAGE = `${REPOSITORY}docs/njs_versions.md`;
const PACKAGE = 'package';
const DEFAULT_VERSIONS = [
  '0.8.5',
  '0.8.6',
  '0.8.9',
  '0.8.10',
  '0.9.0',
  '0.9.4',
  '0.9.5',
  '0.9.6',
  '0.9.7',
  '0.9.8',
  '0.9.9',
  '1.0.0',
  '1.0.1',
  '1.0.2',
];

interface Options {
  readonly sources: Sources | undefined;
  readonly versions: readonly Version[];
  readonly nginx: keyof typeof RUNTIMES;
  readonly isOnlyFaults: boolean;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      source: { type: 'string' },
      versions: { type: 'string' },
      nginx: { type: 'string', default: 'modern' },
      quickjs: { type: 'string' },
      faults: { type: 'boolean', default: false },
      page: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { nginx } = values;
  if (values.help || (nginx !== 'modern' && nginx !== 'legacy')) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  let hasTriedAll = true;
  if (!values.page) {
    const sources =
      values.source === undefined
        ? undefined
        : { njs: resolve(values.source), quickJs: values.quickjs && resolve(values.quickjs) };
    const names = values.versions?.split(',') ?? (sources === undefined ? [PACKAGE] : DEFAULT_VERSIONS);
    const versions = names.map(versionOf);
    hasTriedAll = await tryAll({ sources, versions, nginx, isOnlyFaults: values.faults });
  }
  writeFileSync(PAGE, buildPage(readResults()));
  return hasTriedAll ? 0 : 1;
}

function versionOf(text: string): Version {
  const [name = '', revision = name] = text.split('=');
  return { name, revision };
}

/** What is tried: a module, under the name that the results give it. */
interface Candidate {
  readonly njs: string;
  readonly built: string;
  readonly runtime: NginxRuntime;
}

/**
 * Writes the results after each version, so that an interrupted run keeps what it has found out.
 * @returns whether all could be tried
 */
async function tryAll({ sources, versions, nginx, isOnlyFaults }: Options): Promise<boolean> {
  const runtime = await resolveNginx(nginx, { fetch: false });
  if ('problem' in runtime) throw new Error(`${runtime.problem}: ${runtime.advice}`);
  const untried: string[] = [];
  for (const version of versions) {
    try {
      const candidate =
        version.name === PACKAGE
          ? { njs: runtime.njsVersion, built: PACKAGE, runtime }
          : await buildCandidate(runtime, RUNTIMES[nginx].suite, sources, version);
      const faults = await faultsOf(candidate);
      writeResults(isOnlyFaults ? [] : await rowsOf(candidate), faults);
    } catch (error) {
      const { message } = error as Error;
      if (message.includes('was interrupted')) throw error;
      // The other versions can be tried all the same.
      console.error(message);
      untried.push(version.name);
    }
  }
  if (untried.length > 0) console.error(`not tried: ${untried.join(', ')}`);
  return untried.length === 0;
}

function writeResults(rows: readonly Row[], faults: readonly FaultRow[]): void {
  const before = readResults();
  const results: Results = {
    date: new Date().toISOString().slice(0, 10),
    rows: merge(before.rows, rows),
    faults: merge(before.faults, faults),
  };
  writeFileSync(RESULTS, `${JSON.stringify(results, undefined, 2)}\n`);
}

async function buildCandidate(
  nginx: NginxRuntime,
  suite: string,
  sources: Sources | undefined,
  version: Version,
): Promise<Candidate> {
  if (sources === undefined) throw new Error('--source is missing');
  const { modulePath, commit } = await buildModule(suite, sources, version, console.log);
  const abilities = await probeNginx(nginx.binary, modulePath);
  if ('problem' in abilities) throw new Error(`njs ${version.name}: ${abilities.problem}`);
  if (abilities.njsVersion !== version.name) {
    throw new Error(`${version.revision} is not njs ${version.name} but ${abilities.njsVersion}`);
  }
  const built = commit.slice(0, 8);
  // Sources say the number of the next version long before it is there.
  const njs =
    version.revision === version.name ? version.name : `${version.name} before its release, ${built}`;
  return { njs, built, runtime: { ...nginx, ...abilities, modulePath } };
}

async function faultsOf({ njs, runtime }: Candidate): Promise<FaultRow[]> {
  const rows: FaultRow[] = [];
  for (const engine of runtime.engines) {
    const faults = await probeFaults(runtime, engine);
    rows.push({ njs, nginx: runtime.nginxVersion, faults });
    console.log(`njs ${njs}, nginx ${runtime.nginxVersion}: ${JSON.stringify(faults)}`);
  }
  return rows;
}

async function rowsOf({ njs, built, runtime }: Candidate): Promise<Row[]> {
  const rows: Row[] = [];
  for (const way of WAYS) {
    const outcome = await tryWay(runtime, way);
    rows.push({ njs, nginx: runtime.nginxVersion, built, way, outcome });
    const names = Object.values(way).join(' ');
    console.log(`njs ${njs}, nginx ${runtime.nginxVersion}: ${names}: ${JSON.stringify(outcome)}`);
  }
  return rows;
}

function readResults(): Results {
  return JSON.parse(readFileSync(RESULTS, 'utf8'));
}

process.exitCode = await main();
