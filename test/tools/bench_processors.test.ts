import test from 'ava';
import { parseCpuList, workerAffinity } from '../../bench/processors.js';

const LISTS: [list: string, cpus: number[]][] = [
  ['0', [0]],
  ['0-3', [0, 1, 2, 3]],
  ['0,2-3,8\n', [0, 2, 3, 8]],
  ['', []],
];

for (const [list, cpus] of LISTS) {
  test(`parseCpuList: reads Linux's list ${JSON.stringify(list)}`, (t) =>
    t.deepEqual(parseCpuList(list), cpus));
}

test('workerAffinity: writes the mask with the first CPU at the right end, as nginx reads it', (t) => {
  t.is(workerAffinity([0]), 'worker_cpu_affinity 1;');
  t.is(workerAffinity([1, 3]), 'worker_cpu_affinity 1010;');
});
