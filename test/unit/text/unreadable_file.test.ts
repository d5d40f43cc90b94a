import { readFileSync } from 'node:fs';
import test from 'ava';
import { describeUnreadable, readEffectiveUid } from '../../../src/core/text/unreadable_file.js';

const UNREADABLE: [code: string, uid: string, said: string][] = [
  [
    'ENOENT',
    '33',
    "$v: /run/secret cannot be read by uid 33, as which nginx's workers run: there is no such file",
  ],
  [
    'EACCES',
    '33',
    "$v: /run/secret cannot be read by uid 33, as which nginx's workers run: the permissions of the file, or of a folder above it, forbid it",
  ],
  ['EMFILE', '0', "$v: /run/secret cannot be read by uid 0, as which nginx's workers run: EMFILE"],
  ['', '33', "$v: /run/secret cannot be read by uid 33, as which nginx's workers run: it is no regular file"],
  ['ENOENT', '', "$v: /run/secret cannot be read by nginx's workers: there is no such file"],
];

for (const [code, uid, said] of UNREADABLE) {
  test(`describeUnreadable: names file, user and cause: code "${code}", uid "${uid}"`, (t) =>
    t.is(describeUnreadable('v', '/run/secret', code, uid), said));
}

const STATUSES: [sentence: string, status: string, uid: string][] = [
  [
    'the second number is the effective one (proc(5))',
    'Pid:\t7\nUid:\t1\t33\t2\t3\nGid:\t4\t5\t6\t7\n',
    '33',
  ],
  ['numbers of several digits', 'Uid:\t1000\t1001\t1002\t1003\n', '1001'],
  ['root', 'Uid:\t0\t0\t0\t0\n', '0'],
  ['another line with the same end does not count', 'TheUid:\t1\t2\t3\t4\n', ''],
  ['a text without it', '', ''],
];

for (const [sentence, status, uid] of STATUSES) {
  test(`readEffectiveUid: ${sentence}`, (t) => t.is(readEffectiveUid(status), uid));
}

test('readEffectiveUid: of this process, where the operating system has /proc', (t) => {
  if (process.platform !== 'linux') {
    t.pass();
    return;
  }
  t.is(readEffectiveUid(readFileSync('/proc/self/status', 'utf8')), String(process.geteuid?.()));
});
