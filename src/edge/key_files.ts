// Reads the files of a secret or a key when they are needed, so that a rotated one needs no reload.
import fs from 'fs';
import { type Misconfiguration, misconfiguration } from '../core/settings/settings.js';
import { describeUnreadable, readEffectiveUid } from '../core/text/unreadable_file.js';

export interface FileText {
  readonly kind: 'file';
  readonly text: string;
}

/** @param variable that names the file, without `$` */
export function readFile(variable: string, path: string): FileText | Misconfiguration {
  try {
    return { kind: 'file', text: fs.readFileSync(path, 'utf8') };
  } catch (e) {
    const code = (e as { code?: string }).code || '';
    return misconfiguration(describeUnreadable(variable, path, code, readUid()));
  }
}

/** The user that reads files: not always the `user` of nginx.conf, which nginx heeds only when root starts it. */
function readUid(): string {
  try {
    return readEffectiveUid(fs.readFileSync('/proc/self/status', 'utf8'));
  } catch (_notLinux) {
    return '';
  }
}
