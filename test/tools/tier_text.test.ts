import { readFileSync } from 'node:fs';
import test from 'ava';
import { RESULTS, type TierResults, type TierRoundName } from '../../bench/results.js';
import { fleetNeeds } from '../../bench/tier_text.js';

const TIER: TierResults = JSON.parse(readFileSync(RESULTS.tier, 'utf8'));
const COSTS = { questionCpuUs: 50, missCpuUs: 250 };

function roundOf(name: TierRoundName) {
  const found = TIER.rounds.find((round) => round.name === name);
  if (found === undefined) throw new Error(`there is no round ${name}`);
  return found;
}

test('bench/results/tier.json: is of a whole run, so that no round is left out because it looks bad', (t) => {
  t.deepEqual([TIER.gateways, TIER.nodes, TIER.tokens], [8, 3, 10_000]);
  t.deepEqual(
    TIER.rounds.map(({ name }) => name),
    ['without', 'cold', 'again', 'killed', 'back', 'reload'],
  );
  for (const { requests } of TIER.rounds) t.is(requests, 80_000);
});

test('bench/results/tier.json: with a tier the AS is asked once for each token, however many gateways there are; without, by each', (t) => {
  for (const { gateways, tokens, withTier, withoutTier } of TIER.byGateways) {
    t.is(withTier, tokens);
    t.is(withoutTier, gateways * tokens);
  }
  t.is(roundOf('cold').introspections, TIER.tokens);
  t.is(roundOf('without').introspections, TIER.gateways * TIER.tokens);
});

test('bench/results/tier.json: a node that is lost, and that comes back, has at most its share asked again; and no request failed', (t) => {
  t.is(roundOf('again').introspections, 0);
  for (const name of ['killed', 'back'] as const)
    t.true(roundOf(name).introspections <= (TIER.shares[1] as number), name);
  for (const { failed } of TIER.rounds) t.is(failed, 0);
});

test("bench/results/tier.json: a purge at the nodes ended the token at all gateways within the gateways' own time", (t) => {
  // It begins before the purge; answers and the pauses between requests come on top.
  t.true(TIER.purge.ms < TIER.purge.gatewayTtlSec * 1000 + 200);
});

test('fleetNeeds: one gateway whose token is used at once asks once for each lifetime, and a tier behind it saves nothing in 300 seconds but its own', (t) => {
  // 1 / (300 + 60), and a node that is asked every 90 seconds: 1 / (300 + 90).
  const needs = fleetNeeds(1, 1, COSTS, 1000);
  t.is(needs.withoutTier, 1 / 360);
  t.true(Math.abs(needs.withTier - 1 / 390) < 1e-9);
});

test('fleetNeeds: with more gateways, who asks for itself asks more and more, and a tier at most once for each lifetime', (t) => {
  const few = fleetNeeds(10, 1_000_000, COSTS, 1000);
  const many = fleetNeeds(1000, 1_000_000, COSTS, 1000);
  t.true(many.withoutTier > 5 * many.withTier);
  t.true(many.withoutTier > few.withoutTier);
  for (const { withTier } of [few, many]) t.true(withTier < 1_000_000 / 300);
});

test('fleetNeeds: there is a node for each million tokens, or for what half of four workers can answer, and one more', (t) => {
  t.is(fleetNeeds(1000, 100_000_000, { questionCpuUs: 0, missCpuUs: 0 }, 1000).nodes, 101);
  // 10,000 tokens of 1,000 gateways are asked about every 60.03 seconds: 166.6 questions of 0.1 s take 16.7 CPUs.
  t.is(fleetNeeds(1000, 10_000, { questionCpuUs: 100_000, missCpuUs: 100_000 }, 1000).nodes, 10);
});
