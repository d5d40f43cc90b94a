// Whether a request has become dearer than bench/instructions.json says.

/** For each request, by row and workload: `access-qjs hot`. */
export type Counts = Readonly<Record<string, number>>;

/** What counts depend on besides this project. */
export interface InstructionVersions {
  readonly architecture: string;
  readonly valgrind: string;
  /** Of nginx and njs. */
  readonly modern: string;
  readonly legacy: string;
  /** The simulated ones. */
  readonly caches: string;
}

export interface InstructionFile {
  readonly versions: InstructionVersions;
  readonly instructions: Counts;
  readonly cacheMisses: { readonly firstLevel: Counts; readonly lastLevel: Counts };
}

/** The rows that run this project's script; the others are there to compare with. */
const OURS = /^(access|auth-request|forward-auth|introspection-cache)-/;
const LEGACY = /-legacy /;

interface Measure {
  readonly title: string;
  readonly countsOf: (file: InstructionFile) => Counts;
  /** By which a row may grow, as a part of the whole row. */
  readonly growthLimit: number;
  /**
   * By which its ratio to the bare row may grow where the counts themselves cannot be compared. Undefined where the
   * bare row counts next to nothing.
   */
  readonly ratioGrowthLimit: number | undefined;
}

/**
 * Each limit is above what repeated runs differ by: 1.7 % of instructions and of first-level misses, 11 % of last-level
 * misses, which depend on where in memory things come to lie.
 */
export const MEASURES: readonly Measure[] = [
  {
    title: 'instructions',
    countsOf: ({ instructions }) => instructions,
    growthLimit: 0.03,
    ratioGrowthLimit: 0.1,
  },
  {
    title: 'first-level misses',
    countsOf: ({ cacheMisses }) => cacheMisses.firstLevel,
    growthLimit: 0.05,
    ratioGrowthLimit: 0.15,
  },
  {
    title: 'last-level misses',
    countsOf: ({ cacheMisses }) => cacheMisses.lastLevel,
    growthLimit: 0.15,
    ratioGrowthLimit: undefined,
  },
];

export interface Growth {
  /** How it was judged, one line. */
  readonly rule: string;
  readonly problems: readonly string[];
}

/**
 * With the same nginx, njs, valgrind and architecture, counts are compared. Otherwise another compiler or library has
 * changed all of them, and each row's ratio to the bare row of the same run is compared, with more tolerance.
 */
export function findGrowth(measured: InstructionFile, kept: InstructionFile): Growth {
  const differences = versionDifferences(measured.versions, kept.versions);
  const isSame = differences.length === 0;
  const limitOf = (measure: Measure) => (isSame ? measure.growthLimit : measure.ratioGrowthLimit);
  const judged = MEASURES.flatMap((measure) => {
    const limit = limitOf(measure);
    return limit === undefined ? [] : [{ ...measure, limit }];
  });
  const limits = judged.map(({ title, limit }) => `${title} by ${percent(limit)}`).join(', ');
  const rule = isSame
    ? `judged by counts: a row may grow in ${limits}`
    : `judged by ratios to the bare row, which may grow in ${limits}, because the file is of ${differences.join(', ')}`;
  const problems = judged.flatMap(({ title, countsOf, limit }) => {
    const read = isSame ? countOf : ratioToBare;
    return growthOf(title, countsOf(measured), countsOf(kept), limit, read);
  });
  return { rule, problems };
}

type Read = (counts: Counts, name: string) => number | undefined;

function growthOf(title: string, measured: Counts, kept: Counts, limit: number, read: Read): string[] {
  const names = new Set([...Object.keys(measured), ...Object.keys(kept)]);
  return [...names]
    .filter((name) => OURS.test(name))
    .flatMap((name) => {
      const now = read(measured, name);
      const before = read(kept, name);
      if (now === undefined || before === undefined) {
        return [
          `${name}, ${title}: ${now === undefined ? 'not measured' : 'not in bench/instructions.json'}`,
        ];
      }
      if (now <= before * (1 + limit)) return [];
      return [`${name}, ${title}: grown by ${percent(now / before - 1, 1)}, allowed ${percent(limit)}`];
    });
}

function versionDifferences(measured: InstructionVersions, kept: InstructionVersions): string[] {
  const keys = Object.keys(measured) as (keyof InstructionVersions)[];
  return keys.filter((key) => measured[key] !== kept[key]).map((key) => `${key} ${kept[key]}`);
}

function countOf(counts: Counts, name: string): number | undefined {
  return counts[name];
}

function ratioToBare(counts: Counts, name: string): number | undefined {
  const count = counts[name];
  const bare = counts[LEGACY.test(name) ? 'bare-legacy hot' : 'bare hot'];
  return count === undefined || bare === undefined ? undefined : count / bare;
}

function percent(part: number, digits = 0): string {
  return `${(part * 100).toFixed(digits)} %`;
}
