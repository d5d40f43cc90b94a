// The beginning of what `npm run fuzz` compares: the kept inputs and some made of them, in each engine of njs.
import test from 'ava';
import { startEngines, stopAll } from '../fuzz/engines.js';
import { runTarget } from '../fuzz/run.js';
import { TARGETS } from '../fuzz/targets/index.js';

const SEED = 1;
const INPUTS = 100;

const engines = await startEngines();

test.after.always(() => stopAll(engines));

for (const target of TARGETS) {
  test.serial(
    `${target.name}: njs 0.8, njs 1 and QuickJS judge ${INPUTS} inputs as Node does, in which the unit tests run`,
    async (t) => {
      const { failure, compared } = await runTarget(target, SEED, INPUTS, engines);
      t.is(failure, undefined);
      t.is(compared, INPUTS);
    },
  );
}
