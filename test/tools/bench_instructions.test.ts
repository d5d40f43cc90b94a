import test from 'ava';
import { eventsOf } from '../../bench/callgrind.js';
import { findGrowth, type InstructionFile } from '../../bench/instruction_check.js';

const KEPT: InstructionFile = {
  versions: {
    architecture: 'x64',
    valgrind: '3.24.0',
    modern: 'nginx 1.30.6 njs 1.0.2',
    legacy: 'nginx 1.26.3 njs 0.8.9',
    caches: '--LL=262144,8,64',
  },
  instructions: {
    'bare hot': 20_000,
    'bare-legacy hot': 22_000,
    'empty-njs hot': 30_000,
    'access-qjs hot': 100_000,
    'auth-request-legacy hot': 220_000,
  },
  cacheMisses: {
    firstLevel: { 'bare hot': 1000, 'empty-njs hot': 2000, 'access-qjs hot': 4000 },
    lastLevel: { 'bare hot': 0, 'empty-njs hot': 80, 'access-qjs hot': 700 },
  },
};

function measured(
  instructions: Record<string, number>,
  versions: Partial<InstructionFile['versions']> = {},
): InstructionFile {
  return {
    ...KEPT,
    versions: { ...KEPT.versions, ...versions },
    instructions: { ...KEPT.instructions, ...instructions },
  };
}

function withMisses(
  level: keyof InstructionFile['cacheMisses'],
  misses: Record<string, number>,
  versions: Partial<InstructionFile['versions']> = {},
): InstructionFile {
  const { cacheMisses } = KEPT;
  return {
    ...measured({}, versions),
    cacheMisses: { ...cacheMisses, [level]: { ...cacheMisses[level], ...misses } },
  };
}

test('findGrowth: with the same versions a row may grow by three percent of its instructions', (t) => {
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 103_000 }), KEPT).problems, []);
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 103_100 }), KEPT).problems, [
    'access-qjs hot, instructions: grown by 3.1 %, allowed 3 %',
  ]);
});

test('findGrowth: a row may grow by five percent of its first-level misses, so that memory is judged as well', (t) => {
  t.deepEqual(findGrowth(withMisses('firstLevel', { 'access-qjs hot': 4200 }), KEPT).problems, []);
  t.deepEqual(findGrowth(withMisses('firstLevel', { 'access-qjs hot': 4220 }), KEPT).problems, [
    'access-qjs hot, first-level misses: grown by 5.5 %, allowed 5 %',
  ]);
});

test('findGrowth: last-level misses repeat less well than the others, so they may grow by fifteen percent', (t) => {
  t.deepEqual(findGrowth(withMisses('lastLevel', { 'access-qjs hot': 800 }), KEPT).problems, []);
  t.deepEqual(findGrowth(withMisses('lastLevel', { 'access-qjs hot': 819 }), KEPT).problems, [
    'access-qjs hot, last-level misses: grown by 17.0 %, allowed 15 %',
  ]);
});

test('findGrowth: a row that has shrunk is no problem', (t) => {
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 50_000 }), KEPT).problems, []);
  t.deepEqual(findGrowth(withMisses('firstLevel', { 'access-qjs hot': 2000 }), KEPT).problems, []);
});

test('findGrowth: rows that do not run this script are only for comparison, and are not checked', (t) => {
  t.deepEqual(findGrowth(measured({ 'bare hot': 40_000, 'empty-njs hot': 60_000 }), KEPT).problems, []);
  t.deepEqual(findGrowth(withMisses('lastLevel', { 'empty-njs hot': 160 }), KEPT).problems, []);
});

test('findGrowth: a row that only one of the two has is a problem, so that none is lost by renaming', (t) => {
  const { 'access-qjs hot': count = 0, ...rest } = KEPT.instructions;
  const renamed = { ...KEPT, instructions: { ...rest, 'access-new hot': count } };
  t.deepEqual(findGrowth(renamed, KEPT).problems, [
    'access-new hot, instructions: not in bench/instructions.json',
    'access-qjs hot, instructions: not measured',
  ]);
});

test('findGrowth: with another nginx the ratios to the bare row are checked, and may grow by ten percent', (t) => {
  const other = { modern: 'nginx 1.32.0 njs 1.1.0' };
  const allDearer = measured({ 'bare hot': 30_000, 'access-qjs hot': 150_000 }, other);
  const { rule, problems } = findGrowth(allDearer, KEPT);
  t.regex(
    rule,
    /ratios to the bare row, which may grow in instructions by 10 %.*modern nginx 1\.30\.6 njs 1\.0\.2/,
  );
  t.deepEqual(problems, []);
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 111_000 }, other), KEPT).problems, [
    'access-qjs hot, instructions: grown by 11.0 %, allowed 10 %',
  ]);
});

test('findGrowth: with another nginx last-level misses are not judged, because the bare row has none to compare with', (t) => {
  const other = { modern: 'nginx 1.32.0 njs 1.1.0' };
  const { rule, problems } = findGrowth(withMisses('lastLevel', { 'access-qjs hot': 7000 }, other), KEPT);
  t.deepEqual(problems, []);
  t.notRegex(rule, /last-level/);
});

test('findGrowth: a row of the old nginx is compared with the bare row of the old nginx', (t) => {
  const other = { valgrind: '3.30.0' };
  const dearer = measured({ 'bare-legacy hot': 44_000, 'auth-request-legacy hot': 440_000 }, other);
  t.deepEqual(findGrowth(dearer, KEPT).problems, []);
});

const DUMP = `events: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw
summary: 9000 200 100 30 20 10 3 2 1
totals: 9000 200 100 30 20 10 3 2 1
`;

test('eventsOf: sums up the misses of instructions, reads and writes, level by level', (t) => {
  t.deepEqual(eventsOf(DUMP), { instructions: 9000, firstLevelMisses: 60, lastLevelMisses: 6 });
});

test('eventsOf: a count that callgrind leaves out at the end of the line is none', (t) => {
  const dump = DUMP.replaceAll(' 3 2 1', '');
  t.deepEqual(eventsOf(dump), { instructions: 9000, firstLevelMisses: 60, lastLevelMisses: 0 });
});

test('eventsOf: a dump without its last line is still being written', (t) => {
  t.is(eventsOf(DUMP.replace(/totals: .*\n/, '')), undefined);
});
