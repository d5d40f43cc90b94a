import test from 'ava';
import { findGrowth, type InstructionFile } from '../../bench/instruction_check.js';

const KEPT: InstructionFile = {
  versions: {
    architecture: 'x64',
    valgrind: '3.24.0',
    modern: 'nginx 1.30.6 njs 1.0.2',
    legacy: 'nginx 1.26.3 njs 0.8.9',
  },
  instructions: {
    'bare hot': 20_000,
    'bare-legacy hot': 22_000,
    'empty-njs hot': 30_000,
    'access-qjs hot': 100_000,
    'auth-request-legacy hot': 220_000,
  },
};

function measured(
  instructions: Record<string, number>,
  versions: Partial<InstructionFile['versions']> = {},
): InstructionFile {
  return {
    versions: { ...KEPT.versions, ...versions },
    instructions: { ...KEPT.instructions, ...instructions },
  };
}

test('findGrowth: with the same versions a row may grow by three percent', (t) => {
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 103_000 }), KEPT).problems, []);
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 103_100 }), KEPT).problems, [
    'access-qjs hot: grown by 3.1 %, allowed 3 %',
  ]);
});

test('findGrowth: a row that has shrunk is no problem', (t) => {
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 50_000 }), KEPT).problems, []);
});

test('findGrowth: rows that do not run this script are only for comparison, and are not checked', (t) => {
  t.deepEqual(findGrowth(measured({ 'bare hot': 40_000, 'empty-njs hot': 60_000 }), KEPT).problems, []);
});

test('findGrowth: a row that only one of the two has is a problem, so that none is lost by renaming', (t) => {
  const { 'access-qjs hot': count = 0, ...rest } = KEPT.instructions;
  const renamed = { ...KEPT, instructions: { ...rest, 'access-new hot': count } };
  t.deepEqual(findGrowth(renamed, KEPT).problems, [
    'access-new hot: not in bench/instructions.json',
    'access-qjs hot: not measured',
  ]);
});

test('findGrowth: with another nginx the ratios to the bare row are checked, and may grow by ten percent', (t) => {
  const other = { modern: 'nginx 1.32.0 njs 1.1.0' };
  const allDearer = measured({ 'bare hot': 30_000, 'access-qjs hot': 150_000 }, other);
  const { rule, problems } = findGrowth(allDearer, KEPT);
  t.regex(rule, /ratios to the bare row, which may grow by 10 %.*modern nginx 1\.30\.6 njs 1\.0\.2/);
  t.deepEqual(problems, []);
  t.deepEqual(findGrowth(measured({ 'access-qjs hot': 111_000 }, other), KEPT).problems, [
    'access-qjs hot: grown by 11.0 %, allowed 10 %',
  ]);
});

test('findGrowth: a row of the old nginx is compared with the bare row of the old nginx', (t) => {
  const other = { valgrind: '3.30.0' };
  const dearer = measured({ 'bare-legacy hot': 44_000, 'auth-request-legacy hot': 440_000 }, other);
  t.deepEqual(findGrowth(dearer, KEPT).problems, []);
});
