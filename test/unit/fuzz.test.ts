// The beginning of what `npm run fuzz` tries, always the same: the kept inputs and some made of them.
import test from 'ava';
import { runTarget } from '../fuzz/run.js';
import { readCorpus, type Target } from '../fuzz/target.js';
import { TARGETS } from '../fuzz/targets/index.js';
import { VERDICTS } from '../fuzz/verdicts.js';

const SEED = 1;
const INPUTS = 300;

for (const target of TARGETS) {
  test(`fuzz: ${target.name}: what has to hold of every input holds of ${INPUTS}, kept ones and others`, async (t) => {
    const { failure, tried, accepted } = await runTarget(target, SEED, INPUTS, []);
    t.is(failure, undefined);
    t.is(tried, INPUTS);
    t.true(accepted > 0, 'no input was accepted: the inputs are too far from good ones');
  });

  test(`fuzz: ${target.name}: has kept inputs, each named by what it is`, (t) => {
    const names = Object.keys(readCorpus(target.name));
    t.true(names.length > 0);
    t.true(names.every((name) => name.length > 2));
  });
}

test('fuzz: each rule that is judged has its inputs, once', (t) => {
  const names: string[] = TARGETS.map(({ name }) => name);
  t.deepEqual(names.sort(), Object.keys(VERDICTS).sort());
});

test('fuzz: a statement that does not hold is found, and the report has the smallest input that shows it', async (t) => {
  const [bearer] = TARGETS.filter(({ name }) => name === 'bearer') as [Target];
  const spoilt: Target = {
    ...bearer,
    findFault: (input) => (String(input).includes('~') ? 'a token holds no tilde' : ''),
  };
  const { failure = '' } = await runTarget(spoilt, SEED, INPUTS, []);
  t.regex(failure, /^does not hold: a token holds no tilde\nverdict: .*\ninput: ".*~.*"$/);
});

test('fuzz: an engine that judges otherwise is found, whatever the order of members', async (t) => {
  const [form] = TARGETS.filter(({ name }) => name === 'media_type') as [Target];
  const engine = (type: string) => ({
    name: 'another engine',
    judge: async (_name: string, inputs: readonly unknown[]) =>
      inputs.map((input) => ({ wantsJson: VERDICTS.media_type(input as string).wantsJson, type })),
    stop: async () => {},
  });
  const { failure = '' } = await runTarget(form, SEED, INPUTS, [engine('text/html')]);
  t.regex(failure, /^Node and another engine disagree\n/);
});
