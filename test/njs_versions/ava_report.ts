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
  const passed = [...report.matchAll(/^ {2}✔ /gm)].length;
  const failed = [...report.matchAll(/^ {2}(?:✘ \[fail\]:|◌) (.*)$/gm)].map(([, line = '']) => line);
  if (passed === 0 && failed.length === 0) throw new Error(`AVA ran no test:\n${report}`);
  const [only] = files.length === 1 ? files : [];
  const titles = failed.map((line) => titleOf(only === undefined ? line : `${only} › ${line}`, setup));
  return { passed, failed: [...new Set(titles)].sort() };
}

/** Of `file › [set-up] title (duration) what the assertion says`; a title may have parentheses of its own. */
function titleOf(line: string, setup: string): string {
  return line.replace(` › [${setup}] `, ': ').replace(/ \(\d[\d.]*m?s\)$/, '');
}
