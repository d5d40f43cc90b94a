// What docs/scaling.md says in figures, written from bench/results/tier.json and scale.json.
import { markdownTable } from 'markdown-table';
import type { ScaleResults, TierResults, TierRound } from './results.js';

export const TIER_PAGE = 'docs/scaling.md';

/** Parts of the page, by the word in their two markers. */
export function tierParts(results: TierResults, scale: ScaleResults): Readonly<Record<string, string>> {
  return {
    'tier:gateways': gatewaysText(results),
    'tier:rounds': roundsText(results),
    'tier:arithmetic': arithmeticText(results, scale),
  };
}

function gatewaysText({ byGateways }: TierResults): string {
  const lines = byGateways.map(({ gateways, withoutTier, withTier }) =>
    [gateways, withoutTier, withTier].map(grouped),
  );
  const [tokens = 0] = byGateways.map((count) => count.tokens);
  return table(
    ['gateways', `${grouped(tokens)} tokens, each gateway asks for itself`, 'the same through the tier'],
    lines,
  );
}

function roundsText(results: TierResults): string {
  const { gateways, nodes, tokens, rounds, shares } = results;
  const titles: Record<TierRound['name'], string> = {
    without: 'each gateway asks for itself',
    cold: `a tier of ${nodes} nodes, empty`,
    again: 'the same tokens, after the records of the gateways have ended',
    killed: `one node killed, which had ${grouped(shares[1] ?? 0)} of the tokens`,
    back: 'the node is back, empty',
    reload: 'one node after the other reloaded, under load',
  };
  const lines = rounds.map((round) => [
    titles[round.name],
    grouped(round.requests),
    grouped(round.failed),
    grouped(round.introspections),
  ]);
  const { cpu, cores, nginx } = results.machine;
  return [
    table(['', 'requests', 'failed', 'questions to the authorization server'], lines),
    `${grouped(tokens)} tokens, each through all of ${gateways} gateways, in one run from top to bottom. The nodes had ` +
      `${shares.map(grouped).join(', ')} of the tokens. A question that a node answers from memory took ` +
      `${results.questionCpuUs.toFixed(0)} µs of its CPU, one for which it asked ${results.missCpuUs.toFixed(0)} µs, and a ` +
      `kept connection ${(results.connectionBytes / 1000).toFixed(0)} kB. With ${results.purge.gatewayTtlSec} s at the gateways, the last ` +
      `of them refused a purged token after ${(results.purge.ms / 1000).toFixed(1)} s. All on one machine: ${cpu}, ${cores} cores; nginx ` +
      `${nginx.modern.nginx} with njs ${nginx.modern.njs}; JWTs of ${results.jwtLength} bytes; ${results.date.slice(0, 10)}.`,
  ].join('\n\n');
}

// The arithmetic

/** Gateways, and tokens in use. */
const FLEETS: readonly [gateways: number, tokens: number][] = [
  [3, 10_000],
  [10, 100_000],
  [50, 1_000_000],
  [200, 10_000_000],
  [1000, 100_000_000],
];
/** A token is used so often, at any of the gateways: none sticks to one. */
const USED_EVERY_SEC = 60;
const GATEWAY_TTL_SEC = 30;
const DEFAULT_TTL_SEC = 300;
const LONG_TTL_SEC = 3600;
/** The largest cache that `bench:scale` measures. */
const TOKENS_OF_A_NODE = 1_000_000;
const WORKERS = 4;
/** Of the CPU of all workers. */
const BUSY = 0.5;
/** Shares are not even, and grow when a node is lost. */
const ROOM = 1.25;
const JWT_UP_TO = 900;

export interface FleetNeeds {
  /** Each second, of the authorization server. */
  readonly withoutTier: number;
  readonly withTier: number;
  readonly withLongTtl: number;
  /** Each second, of all nodes. */
  readonly questions: number;
  /** One more than needed. */
  readonly nodes: number;
  readonly nodeZoneBytes: number;
  readonly nodeConnections: number;
  readonly gatewayZoneBytes: number;
}

/**
 * Tokens are used at random moments. So a cache asks once for each lifetime of a record and the time until the next use:
 * n caches with a lifetime t, which share uses that come every u seconds, ask n / (t + n u) times a second.
 */
export function fleetNeeds(
  gateways: number,
  tokens: number,
  results: Pick<TierResults, 'questionCpuUs' | 'missCpuUs'>,
  bytesPerToken: number,
): FleetNeeds {
  const askedBy = (caches: number, ttlSec: number, everySec: number) => caches / (ttlSec + caches * everySec);
  const toTier = askedBy(gateways, GATEWAY_TTL_SEC, USED_EVERY_SEC);
  const withLongTtl = tokens * askedBy(1, LONG_TTL_SEC, 1 / toTier);
  const questions = tokens * toTier;
  const busyWorkers =
    ((questions - withLongTtl) * results.questionCpuUs + withLongTtl * results.missCpuUs) / 1e6;
  const needed = Math.max(Math.ceil(tokens / TOKENS_OF_A_NODE), Math.ceil(busyWorkers / (WORKERS * BUSY)));
  const nodes = needed + 1;
  const kept = Math.max(64, 2 * nodes);
  const heldByGateway = (tokens * GATEWAY_TTL_SEC) / (GATEWAY_TTL_SEC + gateways * USED_EVERY_SEC);
  return {
    withoutTier: tokens * askedBy(gateways, DEFAULT_TTL_SEC, USED_EVERY_SEC),
    withTier: tokens * askedBy(1, DEFAULT_TTL_SEC, 1 / toTier),
    withLongTtl,
    questions,
    nodes,
    nodeZoneBytes: (tokens / needed) * bytesPerToken * ROOM,
    nodeConnections: (gateways * WORKERS * kept) / nodes,
    gatewayZoneBytes: heldByGateway * bytesPerToken,
  };
}

function arithmeticText(results: TierResults, { memory }: ScaleResults): string {
  const bytesPerToken = memory.tokens.find(({ jwtLength }) => jwtLength === JWT_UP_TO)?.bytesPerToken ?? 0;
  const lines = FLEETS.map(([gateways, tokens]) => {
    const needs = fleetNeeds(gateways, tokens, results, bytesPerToken);
    return [
      grouped(gateways),
      grouped(tokens),
      rounded(needs.withoutTier),
      rounded(needs.withTier),
      rounded(needs.withLongTtl),
      rounded(needs.questions),
      grouped(needs.nodes),
      megabytes(needs.nodeZoneBytes),
      rounded(needs.nodeConnections),
      megabytes(needs.gatewayZoneBytes),
    ];
  });
  const head = [
    'gateways',
    'tokens in use',
    'server asked each second, no tier',
    `with a tier, ${DEFAULT_TTL_SEC} s`,
    `with a tier, ${grouped(LONG_TTL_SEC)} s`,
    'tier asked each second',
    'nodes',
    'zone of a node',
    'connections of a node',
    'zone of a gateway',
  ];
  return [
    table(head, lines),
    [
      'What it assumes:',
      `- A token is used every ${USED_EVERY_SEC} seconds on average, at any of the gateways: no client sticks to one. Then a gateway asks ` +
        `the tier 1 / (${GATEWAY_TTL_SEC} s + gateways × ${USED_EVERY_SEC} s) times a second for each token.`,
      `- Gateways keep a token for ${GATEWAY_TTL_SEC} seconds, or ${DEFAULT_TTL_SEC} without a tier; the nodes for ${DEFAULT_TTL_SEC}, or ${grouped(LONG_TTL_SEC)}. Nodes, ` +
        'zones and connections are those of the longer time.',
      `- JWTs of up to ${JWT_UP_TO} bytes, ${(bytesPerToken / 1000).toFixed(1)} kB for each token. A node holds ${grouped(TOKENS_OF_A_NODE)} tokens at most, which is ` +
        'the largest cache that was measured, and a quarter of its zone is free for uneven shares.',
      `- A node has ${WORKERS} workers, half busy, with the CPU time measured above. TLS handshakes are not in it: connections are kept.`,
      `- A gateway has ${WORKERS} workers, each of which keeps 64 connections, or two for each node if that is more.`,
      '- One node more than needed, so that one can be lost.',
    ].join('\n'),
  ].join('\n\n');
}

function table(head: string[], lines: string[][]): string {
  return markdownTable([head, ...lines], { alignDelimiters: false });
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** To two digits: more would pretend to know more. */
function rounded(value: number): string {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return grouped(Math.round(value / unit) * unit);
}

function megabytes(bytes: number): string {
  return `${rounded(Math.max(1, bytes / 2 ** 20))} MB`;
}
