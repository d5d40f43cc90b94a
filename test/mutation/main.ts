// `npm run test:mutation`: changes the sources in small ways, and says which changes no test notices.
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { REPOSITORY } from '../support/pages.js';
import { compareWithList, type Differences, readList } from './listed.js';
import { instrument, type Mutant } from './mutants.js';
import { PAGE, pageOf } from './page.js';
import { countVerdicts, type FolderResult, RESULTS, readResults, scoreOf } from './results.js';
import { judgeRules } from './rules.js';
import { instrumentScript, judgeScript } from './script.js';
import { FOLDERS, findNginxTests, findUnitTests, RULES, readRules } from './sources.js';
import type { Verdict } from './verdict.js';

const USAGE = `npm run test:mutation -- [--folder FOLDER] [--file WORDS] [--sample N] [--seed S] [--jobs N] [--keep]

  --folder FOLDER  one of ${FOLDERS.join(', ')}; may be given several times; default: ${RULES}. Those
                   beside it take hours
  --file WORDS     only files whose path holds this
  --sample N       so many mutants of each folder, chosen by the seed
  --seed S         a whole number; the same one chooses the same mutants. Default: another one each time
  --jobs N         how many are judged at a time; default 2
  --keep           writes the figures into ${RESULTS} and ${PAGE}

It ends with 1 when a mutant survives that test/mutation/survivors.json does not name, or when one that it names does not.
`;

const FOLDER = `${REPOSITORY}build/mutation`;
/** Others work on the machine. */
const NICE = 10;

interface Choice {
  readonly folders: readonly string[];
  readonly words: string;
  readonly sample: number | undefined;
  readonly seed: number;
  readonly jobs: number;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      folder: { type: 'string', multiple: true, default: [RULES] },
      file: { type: 'string', default: '' },
      sample: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
      jobs: { type: 'string', default: '2' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const choice: Choice = {
    folders: values.folder,
    words: values.file,
    sample: values.sample === undefined ? undefined : Number(values.sample),
    seed: Number(values.seed),
    jobs: Number(values.jobs),
  };
  const numbers = [choice.sample ?? 1, choice.seed, choice.jobs];
  if (
    values.help ||
    !choice.folders.every((folder) => FOLDERS.includes(folder)) ||
    !numbers.every((n) => Number.isInteger(n) && n >= 0)
  ) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  setPriority(NICE);
  const found: Found[] = [];
  if (choice.folders.includes(RULES)) found.push(...(await judgeFolders([RULES], choice)));
  const others = choice.folders.filter((folder) => folder !== RULES);
  if (others.length > 0) found.push(...(await judgeFolders(others, choice)));
  for (const { folder, result } of found) {
    console.log(
      `${folder}: ${result.judged} of ${result.made} mutants judged, ${result.survived} survive: ${scoreOf(result)} %`,
    );
  }
  const verdicts = found.flatMap((part) => part.verdicts);
  const isWhole = (file: string) =>
    choice.sample === undefined &&
    choice.folders.some((folder) => file.startsWith(`${folder}/`)) &&
    file.includes(choice.words);
  const isListed = report(compareWithList(verdicts, readList(), isWhole));
  if (values.keep && choice.words === '') keep(found);
  return isListed ? 0 : 1;
}

interface Found {
  readonly folder: string;
  readonly verdicts: readonly Verdict[];
  readonly result: FolderResult;
}

async function judgeFolders(folders: readonly string[], choice: Choice): Promise<Found[]> {
  const startMs = Date.now();
  const isRules = folders.includes(RULES);
  const instrumented = isRules ? await instrument(await readRules()) : await instrumentScript(folders);
  const madeIn = (folder: string) => instrumented.mutants.filter(({ file }) => file.startsWith(`${folder}/`));
  const chosen = folders.flatMap((folder) => choose(madeIn(folder), choice));
  const options = {
    jobs: choice.jobs,
    tell: (line: string) => console.log(line),
    onVerdict: (verdict: Verdict) => tellVerdict(verdict, isRules),
  };
  const verdicts = isRules
    ? await judgeRules(
        { ...instrumented, mutants: chosen },
        { ...options, folder: `${FOLDER}/rules`, testFiles: await findUnitTests() },
      )
    : await judgeScript(instrumented, chosen, {
        ...options,
        folder: `${FOLDER}/script`,
        testFiles: findNginxTests(),
      });
  const minutes = Math.ceil((Date.now() - startMs) / 60_000);
  return folders.map((folder) => {
    const own = verdicts.filter(({ mutant }) => mutant.file.startsWith(`${folder}/`));
    const result = {
      date: new Date().toISOString().slice(0, 10),
      minutes,
      made: madeIn(folder).length,
      ...(choice.sample !== undefined && { seed: choice.seed }),
      ...countVerdicts(own),
    };
    return { folder, verdicts: own, result };
  });
}

function choose(mutants: readonly Mutant[], { words, sample, seed }: Choice): readonly Mutant[] {
  const named = mutants.filter(({ file }) => file.includes(words));
  if (sample === undefined || sample >= named.length) return named;
  console.log(`seed ${seed}`);
  const parts = fc.subarray(named, { minLength: sample, maxLength: sample });
  return fc.sample(parts, { seed, numRuns: 1 })[0] ?? [];
}

/** Of the rules they are thousands, and only those are worth a line that do not end; of the script each takes seconds. */
function tellVerdict({ mutant, status, killedBy }: Verdict, isRules: boolean): void {
  if (isRules && status !== 'timeout') return;
  const { file, line, before, after } = mutant;
  console.log(`${status} ${file}:${line} ${JSON.stringify([before, after])} ${killedBy ?? ''}`);
}

/** @returns whether what survives is what the list names */
function report({ unknown, gone }: Differences): boolean {
  for (const { mutant, status } of unknown) {
    const { file, line, before, after } = mutant;
    console.error(`${status}: ${file}:${line}\n  ${JSON.stringify([before, after])}`);
  }
  for (const key of gone) console.error(`listed, and does not survive:\n  ${key.replaceAll('\n', '\n  ')}`);
  return unknown.length === 0 && gone.length === 0;
}

function keep(found: readonly Found[]): void {
  const own = found.map(({ folder, result }) => [folder, result] as const);
  const results = { ...readResults(), ...Object.fromEntries(own) };
  writeFileSync(REPOSITORY + RESULTS, `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(REPOSITORY + PAGE, pageOf(results, readList()));
}

process.exitCode = await main();
