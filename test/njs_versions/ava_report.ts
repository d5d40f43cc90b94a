// The report that AVA writes for people, because the one for programs ends at the first test that hangs.

export interface Counts {
  readonly passed: number;
  /** `file: title` of each test that failed or did not end. */
  readonly failed: readonly string[];
}

/**
 * @param report without colors
 * @param setup the name with which titles begin; it is left out
 * @param files which were run; AVA leaves the name out of titles when it is one
 */
export function readReport(report: string, setup: string, files: readonly string[]): Counts {
  const lines = report.split('\n');
  const passed = lines.filter((line) => line.startsWith('  ✔ ')).length;
  const marked = lines.flatMap((line) => /^ {2}(?:✘ \[fail\]:|◌) (.*)$/.exec(line)?.[1] ?? []);
  if (passed === 0 && marked.length === 0) throw new Error(`AVA ran no test:\n${report}`);
  // Marked lines end with what the assertion says. Further down, each title stands alone.
  const titles = lines.filter((line) => line.includes(`[${setup}] `)).map((line) => line.trim());
  const failed = marked.map((line) => titles.find((title) => line.startsWith(title)) ?? line);
  const [only] = files.length === 1 ? files : [];
  const named = failed.map((line) => (only === undefined ? line : `${only} › ${line}`));
  return { passed, failed: [...new Set(named.map((line) => line.replace(` › [${setup}] `, ': ')))].sort() };
}
