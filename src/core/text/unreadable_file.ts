// What the log says of a secret's or a key's file that cannot be used. It names the file and the user, never what is in it.

/**
 * @param variable without `$`
 * @param code of the operating system, '' for none
 * @param uid of nginx's worker, '' where it cannot be known
 */
export function describeUnreadable(variable: string, path: string, code: string, uid: string): string {
  const user = uid === '' ? "nginx's workers" : `uid ${uid}, as which nginx's workers run`;
  return `$${variable}: ${path} cannot be read by ${user}: ${explainCode(code)}`;
}

function explainCode(code: string): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
      return 'the permissions of the file, or of a folder above it, forbid it';
    default:
      return code === '' ? 'it is no regular file' : code;
  }
}

/** The effective user id in the text of /proc/self/status, which Linux has; '' for another text. */
export function readEffectiveUid(status: string): string {
  const match = /^Uid:\t\d+\t(\d+)/m.exec(status);
  return match === null ? '' : (match[1] as string);
}
