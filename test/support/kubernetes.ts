// Kubernetes objects: rendered by Helm and kubectl as a user's would be, and held against the API's own schemas.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { resolveKubernetesTools } from '../../runtime/kubernetes_tools.mjs';
import { type CommandResult, runCommand } from '../../runtime/run_command.mjs';
import { REPOSITORY } from './pages.js';

export const DEPLOY = `${REPOSITORY}deploy/kubernetes/`;
const COMMAND_TIMEOUT_MS = 50_000;
const TSC = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc');
/** Of the types that are made from the API's OpenAPI description, by the group of the API. */
const MODELS = (group: string) =>
  group === 'gateway.networking.k8s.io/v1'
    ? `@kubernetes-models/gateway-api/${group}`
    : `kubernetes-models/${group}`;

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Record<string, string> };
  readonly spec?: unknown;
  readonly data?: Record<string, string>;
}

const tools = await resolveKubernetesTools();
if ('problem' in tools) throw new Error(`${tools.problem}: ${tools.advice}`);
const { helm, kubectl } = tools;

/** A PATH on which `helm` and `kubectl` are those of the tests. */
export function pathWithKubernetesTools(): string {
  return [dirname(helm), dirname(kubectl), process.env.PATH].join(delimiter);
}

export function runHelm(...args: string[]): Promise<CommandResult> {
  return runCommand(helm, args, { timeoutMs: COMMAND_TIMEOUT_MS });
}

/** What `helm install gateway` of our chart would create. */
export async function renderChart(...args: string[]): Promise<KubernetesObject[]> {
  const { ok, output } = await runHelm('template', 'gateway', `${DEPLOY}chart`, ...args);
  if (!ok) throw new Error(output);
  return objectsIn(output);
}

/** What `kubectl apply -k` of the folder would create. */
export async function renderFolder(folder: string): Promise<KubernetesObject[]> {
  const { ok, output } = await runCommand(kubectl, ['kustomize', folder], { timeoutMs: COMMAND_TIMEOUT_MS });
  if (!ok) throw new Error(output);
  return objectsIn(output);
}

/** As Kubernetes reads YAML: 0440 is octal, and a key that stands twice is an error. */
export function objectsIn(yaml: string): KubernetesObject[] {
  return parseAllDocuments(yaml, { version: '1.1', uniqueKeys: true }).flatMap((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    const object = document.toJS();
    return object === null ? [] : [object as KubernetesObject];
  });
}

/**
 * What the Kubernetes API would not take: values that its schemas refuse, and fields that its types do not have. It does NOT
 * know the rules that the API server checks beyond its schemas.
 */
export async function problemsOf(objects: readonly KubernetesObject[]): Promise<string[]> {
  return [...objects.flatMap(refusedValues), ...(await unknownFields(objects))];
}

type Model = new (object: unknown) => { validate(): void };

function refusedValues(object: KubernetesObject): string[] {
  const models = createRequire(import.meta.url)(MODELS(object.apiVersion)) as Record<string, Model>;
  const Kind = models[object.kind];
  if (Kind === undefined) return [`${object.apiVersion} has no ${object.kind}`];
  try {
    new Kind(object).validate();
    return [];
  } catch (error) {
    return [`${object.kind} ${object.metadata.name}: ${(error as Error).message}`];
  }
}

/** The compiler refuses a field that a type does not have; the schemas allow it. */
async function unknownFields(objects: readonly KubernetesObject[]): Promise<string[]> {
  // In the repository, so that the compiler finds the types.
  const folder = await mkdtemp(join(REPOSITORY, 'node_modules/.kubernetes-'));
  const source = objects.map(({ apiVersion, kind }, index) => {
    const text = JSON.stringify(objects[index], null, 1);
    return `import type { I${kind} as Kind${index} } from '${MODELS(apiVersion)}';\nexport const object${index}: Kind${index} = ${text};\n`;
  });
  try {
    await writeFile(join(folder, 'objects.ts'), source.join(''));
    const options =
      '--noEmit --strict --skipLibCheck --types node --module esnext --moduleResolution bundler';
    const result = await runCommand(
      process.execPath,
      [TSC, ...options.split(' '), '--ignoreConfig', 'objects.ts'],
      {
        cwd: folder,
        timeoutMs: COMMAND_TIMEOUT_MS,
      },
    );
    return result.ok ? [] : [result.output.trim()];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A file with that text, for `--set-file`, while `run` runs. */
export async function withFile<T>(text: string, run: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'phantom-token-chart-'));
  try {
    await writeFile(join(folder, 'nginx.conf'), text);
    return await run(join(folder, 'nginx.conf'));
  } finally {
    await rm(folder, { recursive: true });
  }
}
