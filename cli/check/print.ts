// The findings as text for people, JSON for programs, and annotations for GitHub.
import type { Finding } from './finding.js';

export type Format = 'text' | 'json' | 'github';

export function print(findings: readonly Finding[], format: Format): string {
  switch (format) {
    case 'text':
      return findings
        .map(({ file, line, level, code, text }) => `${file}:${line}: ${level}: ${code}: ${text}`)
        .join('\n');
    case 'json':
      return JSON.stringify({ findings }, undefined, 2);
    case 'github':
      return findings.map(annotation).join('\n');
  }
}

/** A workflow command of GitHub Actions. */
function annotation({ level, file, line, code, text }: Finding): string {
  return `::${level} file=${property(file)},line=${line},title=${property(code)}::${escaped(text)}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
