import test from 'ava';
import { readChecked, readScopes, readWhole, readWord } from '../../../src/core/settings/reading.js';

function isBad(value: string): string | undefined {
  return value === 'bad' ? 'is bad' : undefined;
}

test('readChecked: a value is taken as it is, and spaces are part of it', (t) => {
  const findings = { problem: '' };
  t.is(readChecked(findings, 'a', ' 1 ', isBad), ' 1 ');
  t.is(readChecked(findings, 'a', '0', isBad), '0');
  t.is(findings.problem, '');
});

test('readWhole: a value becomes a number', (t) => {
  const findings = { problem: '' };
  t.is(readWhole(findings, 'a', '007', 0, 10, 'seconds'), 7);
  t.is(readWhole(findings, 'a', '0', 0, 10, 'seconds'), 0);
  t.is(findings.problem, '');
});

test('readWord: a value is one of the words', (t) => {
  const findings = { problem: '' };
  t.is(readWord(findings, 'a', 'two', 'one two'), 'two');
  t.is(findings.problem, '');
});

test('readScopes: a value becomes a list, without the spaces', (t) => {
  const findings = { problem: '' };
  t.deepEqual(readScopes(findings, 'a', ' read  write '), ['read', 'write']);
  t.is(findings.problem, '');
});

test('findings: a value that its check refuses is named with its variable (S101)', (t) => {
  const problems = [
    (findings: { problem: string }) => readChecked(findings, 'a', 'bad', isBad),
    (findings: { problem: string }) => readWhole(findings, 'a', '11', 0, 10, 'seconds'),
    (findings: { problem: string }) => readWord(findings, 'a', 'three', 'one two'),
    (findings: { problem: string }) => readScopes(findings, 'a', ' '),
  ].map((read) => {
    const findings = { problem: '' };
    read(findings);
    return findings.problem;
  });
  t.deepEqual(problems, [
    '$a is bad',
    '$a must be a whole number of seconds from 0 to 10, without a unit',
    '$a must be one of one, two',
    '$a must be scopes separated by spaces (RFC 6749 §3.3)',
  ]);
});

test('findings: of two bad values the first is named, and no good one takes it back', (t) => {
  const findings = { problem: '' };
  readChecked(findings, 'a', 'bad', isBad);
  readChecked(findings, 'b', 'bad', isBad);
  readChecked(findings, 'c', 'good', isBad);
  t.is(findings.problem, '$a is bad');
});
