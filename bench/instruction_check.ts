// Whether a request has become dearer than bench/instructions.json says.

/** Instructions for each request, by row and workload: `access-qjs hot`. */
export type InstructionCounts = Record<string, number>;

/** What instructions depend on besides this project. */
export interface InstructionVersions {
  readonly architecture: string;
  readonly valgrind: string;
  /** Of nginx and njs. */
  readonly modern: string;
  readonly legacy: string;
}

export interface InstructionFile {
  readonly versions: InstructionVersions;
  readonly instructions: InstructionCounts;
}

/** The rows that run this project's script; the others are there to compare with. */
const OURS = /^(access|auth-request)-/;
const LEGACY = /-legacy /;
/** By which a row may grow, as a part of the whole row. */
const GROWTH_LIMIT = 0.03;
/** By which its ratio to the bare row may grow where the counts themselves cannot be compared. */
const RATIO_GROWTH_LIMIT = 0.1;

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
  const limit = isSame ? GROWTH_LIMIT : RATIO_GROWTH_LIMIT;
  const judge = isSame ? (counts: InstructionCounts, name: string) => counts[name] : ratioToBare;
  const percent = `${limit * 100} %`;
  const rule = isSame
    ? `judged by counts: a row may grow by ${percent}`
    : `judged by ratios to the bare row, which may grow by ${percent}, because the file is of ${differences.join(', ')}`;
  const names = new Set([...Object.keys(measured.instructions), ...Object.keys(kept.instructions)]);
  const problems = [...names]
    .filter((name) => OURS.test(name))
    .flatMap((name) => {
      const now = judge(measured.instructions, name);
      const before = judge(kept.instructions, name);
      if (now === undefined || before === undefined) {
        return [`${name}: ${now === undefined ? 'not measured' : 'not in bench/instructions.json'}`];
      }
      if (now <= before * (1 + limit)) return [];
      return [`${name}: grown by ${((now / before - 1) * 100).toFixed(1)} %, allowed ${percent}`];
    });
  return { rule, problems };
}

function versionDifferences(measured: InstructionVersions, kept: InstructionVersions): string[] {
  const keys = Object.keys(measured) as (keyof InstructionVersions)[];
  return keys.filter((key) => measured[key] !== kept[key]).map((key) => `${key} ${kept[key]}`);
}

function ratioToBare(counts: InstructionCounts, name: string): number | undefined {
  const count = counts[name];
  const bare = counts[LEGACY.test(name) ? 'bare-legacy hot' : 'bare hot'];
  return count === undefined || bare === undefined ? undefined : count / bare;
}
