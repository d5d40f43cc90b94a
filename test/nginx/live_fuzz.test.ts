// The beginning of what `npm run fuzz:live` sends, always the same.
import anyTest from 'ava';
import pLimit from 'p-limit';
import { startLiveGateway } from '../fuzz/live/gateway.js';
import { LIVE_KINDS, type LiveKind } from '../fuzz/live/kinds.js';
import { runBatch } from '../fuzz/live/run.js';
import { SETUPS } from '../support/setups.js';

const SEED = 1;
const CASES = 150;
const alone = pLimit(1);

const WHAT: Record<LiveKind, string> = {
  http1: 'HTTP/1 requests that are nearly right (RFC 9112 §11)',
  http2: 'HTTP/2 connections that are nearly right (RFC 9113)',
  answers: 'answers of the authorization server that are nearly right (RFC 7662 §2.2)',
};

for (const setup of SETUPS) {
  for (const kind of Object.keys(LIVE_KINDS) as LiveKind[]) {
    anyTest(
      `[${setup.name}] ${WHAT[kind]}: the API gets only JWTs of tokens that were sent, the server only questions, no log a token`,
      (t) =>
        alone(async () => {
          const gateway = await startLiveGateway(setup);
          try {
            const { failure, atApi, atServer } = await runBatch(gateway, LIVE_KINDS[kind], SEED, CASES, []);
            t.is(failure, undefined);
            t.true(atApi > 5, `${atApi}`);
            t.true(atServer > 5, `${atServer}`);
          } finally {
            await gateway.stop();
          }
        }),
    );
  }
}
