import { readdirSync, readFileSync } from 'node:fs';
import { type FunctionDeclaration, type Identifier, type ImportDeclaration, parse, tokenizer } from 'acorn';
import { full, simple } from 'acorn-walk';
import test from 'ava';
import { transformSync } from 'esbuild';

const SRC = new URL('../../src/', import.meta.url);
/** The files in src itself; njs.d.ts declares types for the compiler and imports nothing. */
const ENTRIES_OF_SRC = [
  'core',
  'edge',
  'gateway',
  'index.ts',
  'njs.d.ts',
  'operator',
  'stages.ts',
  'tsconfig.json',
];
/** The stages of a request, in order: each imports only later ones. */
const STAGES = [
  'hit.ts',
  'ways_in.ts',
  'introspection_way.ts',
  'malformed.ts',
  'rejected.ts',
  'undecided.ts',
  'bound.ts',
  'miss.ts',
  'join.ts',
  'wait.ts',
  'lead.ts',
  'ask.ts',
  'presented.ts',
  'vouch.ts',
  'verify.ts',
  'obtain_keys.ts',
  'mint.ts',
  'remember.ts',
  'stale.ts',
  'known.ts',
  'respond.ts',
  'hand_out.ts',
  'prove_sender.ts',
  'prove_key.ts',
  'handover.ts',
];
/** What is ruled: a folder each. */
const RULED = [
  'answer',
  'cache',
  'introspection',
  'mint',
  'request',
  'sender',
  'settings',
  'signature',
  'text',
  'token',
];
/** What nginx.conf may call. */
const ENTRIES = [
  './gateway/hit.js',
  './operator/jwks.js',
  './operator/jwt_variable.js',
  './operator/log_variables.js',
  './operator/metrics.js',
  './operator/purge.js',
];

const IMPORTS_OF_CORE = /^(\.\/[a-z_]+\.js|\.\.\/[a-z]+\/[a-z_]+\.js|crypto)$/;
const IMPORTS_OF_EDGE = /^(\.\.\/core\/[a-z]+\/[a-z_]+\.js|\.\/[a-z_]+\.js|crypto|fs)$/;
const NAMES_OF_NGINX = /^(ngx|njs|Nginx[A-Z]\w*|Ngx[A-Z]\w*)$/;
const IMPORTS_OF_OPERATORS = /^\.\.\/(core\/[a-z]+|edge)\/[a-z_]+\.js$|^\.\/jwt_variable\.js$/;
const IMPORTS_OF_PATHS = /^\.\.\/(core\/[a-z]+|edge)\/[a-z_]+\.js$/;

/** What core may use of the language's globals: all of them pure, and in Node as in njs. */
const PURE_GLOBALS = [
  'Array',
  'Buffer',
  'Infinity',
  'JSON',
  'Math',
  'NaN',
  'Number',
  'Object',
  'String',
  'isFinite',
  'isNaN',
  'decodeURIComponent',
  'encodeURIComponent',
  'undefined',
];

function read(path: string): string {
  return readFileSync(new URL(path, SRC), 'utf8');
}

function entriesOf(folder: string): string[] {
  return readdirSync(new URL(folder, SRC)).map((name) => folder + name);
}

const CORE_FILES = RULED.flatMap((thing) => entriesOf(`core/${thing}/`));

/** Every module that a source names, also for its types alone. */
function importsOf(source: string): string[] {
  const named = /\b(?:from|import)\s*['"]([^'"]*)['"]|\b(?:import|require)\s*\(\s*['"`]([^'"`]*)['"`]/g;
  return Array.from(source.matchAll(named), (match) => (match[1] ?? match[2]) as string);
}

function treeOf(source: string) {
  const { code } = transformSync(source, { loader: 'ts', format: 'esm' });
  return parse(code, { ecmaVersion: 'latest', sourceType: 'module' });
}

/** Names that a source uses and does not declare. A name declared anywhere in the file counts as declared. */
function globalsOf(source: string): string[] {
  const tree = treeOf(source);
  const declared = new Set<string>();
  const used = new Set<string>();
  full(tree, (node, _state, type) => {
    if (type === 'VariablePattern') {
      declared.add((node as Identifier).name);
    } else if (type === 'Identifier') {
      used.add((node as Identifier).name);
    } else if (type === 'FunctionDeclaration') {
      declared.add((node as FunctionDeclaration).id?.name ?? '');
    } else if (type === 'ImportDeclaration') {
      for (const { local } of (node as ImportDeclaration).specifiers) declared.add(local.name);
    }
  });
  return [...used].filter((name) => !declared.has(name)).toSorted();
}

/** `Math.random` and the like: what no list of globals shows. */
function membersOf(source: string): string[] {
  const members: string[] = [];
  simple(treeOf(source), {
    MemberExpression: ({ object, property }) => {
      if (object.type === 'Identifier' && property.type === 'Identifier') {
        members.push(`${object.name}.${property.name}`);
      }
    },
  });
  return members;
}

/** Every identifier of a TypeScript source, types too, in order; none of comments and texts. */
function namesOf(source: string): string[] {
  const tokens = tokenizer(source, { ecmaVersion: 'latest', sourceType: 'module' });
  return Array.from(tokens)
    .filter(({ type }) => type.label === 'name')
    .map(({ start, end }) => source.slice(start, end));
}

for (const path of CORE_FILES) {
  const source = read(path);

  test(`${path}: core imports only core and the module crypto of njs`, (t) => {
    t.deepEqual(
      importsOf(source).filter((name) => !IMPORTS_OF_CORE.test(name)),
      [],
    );
  });

  test(`${path}: core uses no clock, no random values and nothing of nginx: it uses only its arguments`, (t) => {
    t.deepEqual(
      globalsOf(source).filter((name) => !PURE_GLOBALS.includes(name)),
      [],
    );
    t.false(membersOf(source).includes('Math.random'));
  });

  test(`${path}: core does not even name the types of nginx`, (t) => {
    t.deepEqual(
      namesOf(source).filter((name) => NAMES_OF_NGINX.test(name)),
      [],
    );
  });
}

for (const path of entriesOf('edge/')) {
  test(`${path}: edge imports only core, edge and modules of njs, so that only the other folders show the paths`, (t) => {
    t.deepEqual(
      importsOf(read(path)).filter((name) => !IMPORTS_OF_EDGE.test(name)),
      [],
    );
  });
}

/** Who asks over the network, or through a location of nginx. */
const ASKING = ['edge/fetch.ts', 'edge/fetch_key_set.ts', 'edge/introspect.ts'];

test('src: only the introspection and the keys of the server are asked for over the network, by these files', (t) => {
  const paths = [...CORE_FILES, ...['edge/', 'gateway/', 'operator/'].flatMap(entriesOf), 'index.ts'];
  t.deepEqual(
    paths
      .filter((path) => membersOf(read(path)).some((name) => /\.(fetch|subrequest)$/.test(name)))
      .toSorted(),
    ASKING,
  );
});

test('src: has only these folders and files, so that a newcomer finds a stage or a rule by its name', (t) => {
  t.deepEqual(readdirSync(SRC).toSorted(), ENTRIES_OF_SRC);
  t.deepEqual(readdirSync(new URL('core/', SRC)).toSorted(), RULED);
});

test('src: the folders have only TypeScript files, so that the rules above check all of them', (t) => {
  const paths = [...CORE_FILES, ...['edge/', 'gateway/', 'operator/'].flatMap(entriesOf)];
  t.deepEqual(
    paths.filter((path) => !/^[a-z/]+\/[a-z_]+\.ts$/.test(path)),
    [],
  );
});

test('src: no file is over 200 lines, so that each is read in one go', (t) => {
  const paths = [...CORE_FILES, ...['edge/', 'gateway/', 'operator/'].flatMap(entriesOf)];
  t.deepEqual(
    paths.filter((path) => read(path).split('\n').length > 201),
    [],
  );
});

for (const path of entriesOf('operator/')) {
  test(`${path}: the code for operators imports core and edge, and no stage of a request`, (t) => {
    t.deepEqual(
      importsOf(read(path)).filter((name) => !IMPORTS_OF_OPERATORS.test(name)),
      [],
    );
  });
}

test('src/gateway: has the stages and nothing else', (t) => {
  t.deepEqual(readdirSync(new URL('gateway/', SRC)).toSorted(), STAGES.toSorted());
});

for (const [at, stage] of STAGES.entries()) {
  test(`gateway/${stage}: a stage imports core, edge and later stages, so that the path is read from top to bottom`, (t) => {
    const stages = importsOf(read(`gateway/${stage}`)).filter((name) => !IMPORTS_OF_PATHS.test(name));
    const later = STAGES.slice(at + 1).map((name) => `./${name.replace('.ts', '.js')}`);
    t.deepEqual(
      stages.filter((name) => !later.includes(name)),
      [],
    );
  });
}

test('index.ts: has only the names for nginx.conf', (t) => {
  t.deepEqual(importsOf(read('index.ts')).toSorted(), ENTRIES);
});

const SOURCES: [sentence: string, source: string, imports: string[]][] = [
  ['a default import', "import crypto from 'crypto';", ['crypto']],
  ['named imports over many lines', "import {\n  a,\n  type B,\n} from './b.js';", ['./b.js']],
  ['types alone', "import type { A } from '../edge/a.js';", ['../edge/a.js']],
  ['an import for its effects', "import './a.js';", ['./a.js']],
  ['a re-export', "export { a } from './a.js';\nexport * from './b.js';", ['./a.js', './b.js']],
  ['a type within an expression', "let a: import('../edge/a.js').A;", ['../edge/a.js']],
  ['a call at run time', "const a = await import('./a.js');", ['./a.js']],
  ['a call with a template', 'const a = await import(`./a.js`);', ['./a.js']],
  ['require', "const fs = require('fs');", ['fs']],
  ['nothing in a member or a comment of that name', "a.from = 'b'; // other than that from `c`", []],
];

for (const [sentence, source, imports] of SOURCES) {
  test(`importsOf: sees ${sentence}`, (t) => t.deepEqual(importsOf(source), imports));
}

test('globalsOf: sees globals as values, callees and objects, and nothing that the file declares', (t) => {
  const source = `
    import crypto from 'crypto';
    const LIMIT = 1;
    export function f(a: Foo, ...rest: string[]): void {
      let b = LIMIT;
      try { b = a.ngx; } catch (e) { g(e, rest, crypto); }
      for (let i = 0; i < b; i++) g((c) => c + i, { process: b });
    }
    function g() { return [Date.now(), ngx.shared, new Set(), setTimeout]; }
  `;
  t.deepEqual(globalsOf(source), ['Date', 'Set', 'ngx', 'setTimeout']);
});

test('membersOf: sees members wherever they stand', (t) => {
  t.deepEqual(membersOf('const a = [Math.random()]; function f() { return { b: r.variables }; }'), [
    'Math.random',
    'r.variables',
  ]);
});

test('namesOf: sees values and types, and nothing in comments, texts and patterns', (t) => {
  const source = `
    // ngx.fetch() is what the edge calls
    /** @param r NginxHTTPRequest */
    const TEXT = 'ngx' + \`Ngx\${b}\`, PATTERN = /"ngx/;
    function f(a: NginxHTTPRequest, c: Pick<NgxObject, 'd'>) { return a / c / ngx.e; }
  `;
  t.deepEqual(namesOf(source), 'TEXT b PATTERN f a NginxHTTPRequest c Pick NgxObject a c ngx e'.split(' '));
});
