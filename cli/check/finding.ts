import type { Directive } from '../nginx_conf/directive.js';
import { type Code, type Level, RULES } from './table.js';

export interface Finding {
  readonly code: Code;
  readonly level: Level;
  readonly file: string;
  readonly line: number;
  /** What it is about, what happens because of it, what to write instead: one line. */
  readonly text: string;
}

/**
 * @param at  for a line of this package's files, the finding is at the include
 * @param subject  what is wrong here, without a full stop
 * @param instead  default: that of the table
 */
export function found(code: Code, at: Directive, subject: string, instead?: string): Finding {
  const { file, line } = at.shippedBy ?? at;
  const rule = RULES[code];
  const text = `${subject}. ${rule.happens} ${instead ?? rule.instead}`.replace(/[\x00-\x1f\x7f]+/g, ' ');
  return { code, level: rule.level, file, line, text };
}
