// HTTP answers as a page shows them: status line, headers, an empty line, the body.
import type { Headers } from './answers.js';

export interface ShownAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** @throws Error when the text does not begin with a status line */
export function parseAnswer(text: string): ShownAnswer {
  const [head = '', ...rest] = text.trimEnd().split('\n\n');
  const [statusLine = '', ...headerLines] = head.split('\n');
  const status = /^HTTP\/1\.1 (\d{3})\b/.exec(statusLine)?.[1];
  if (status === undefined) throw new Error(`no status line: ${statusLine}`);
  const headers = headerLines.map((line) => /^([^:]+): (.*)$/.exec(line)?.slice(1) as [string, string]);
  return { status: Number(status), headers: Object.fromEntries(headers), body: rest.join('\n\n') };
}
