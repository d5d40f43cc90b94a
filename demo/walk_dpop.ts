/** What `--dpop` adds to the walk: a token that is bound to a key is of no use without the key (RFC 9449). */
import { writeFile } from 'node:fs/promises';
import { calculateThumbprint, generateKeyPair, generateProof, type KeyPair } from 'dpop';
import type { AuthorizationServer } from './authorization_server.js';
import {
  type Answer,
  type Check,
  callApi,
  checkRefused,
  checkServed,
  countRequestsWith,
  type Demo,
  parseApiAnswer,
  type Step,
  show,
  showAnswer,
  showRefusal,
  showWhatApiReceived,
  type Walk,
} from './walk.js';

const PATH = '/api/hello';

interface BoundToken {
  keys: KeyPair;
  token: string;
}

/** The steps share a token, and the proof that its owner sent first. */
export function dpopSteps(): Step[] {
  let owned: BoundToken;
  let usedProof: string;
  return [
    {
      title: 'A client proves at the token endpoint that it has a key. Its token is bound to that key.',
      async run({ authorizationServer }) {
        owned = await issueBoundToken(authorizationServer);
        show('token', owned.token);
        show('key', await calculateThumbprint(owned.keys.publicKey));
        return [['parts (a JWT has three):', 1, owned.token.split('.').length]];
      },
    },
    {
      title: 'It calls the API with a proof for this request, signed by the key. The API gets a Bearer JWT.',
      async run(walk) {
        usedProof = await prove(walk, owned);
        const answer = await callWithProof(walk, owned.token, usedProof);
        show('proof', usedProof);
        showAnswer(answer);
        showWhatApiReceived(answer.body);
        const cnf = parseApiAnswer(answer.body)?.jwt.claims.cnf as { jkt?: string } | undefined;
        return [
          ...checkServed(walk, answer, { cacheStatus: 'MISS', introspections: 6 }),
          ['cnf.jkt', await calculateThumbprint(owned.keys.publicKey), cnf?.jkt],
          ...checkKept(walk, owned, usedProof),
        ];
      },
    },
    {
      title: 'Somebody has read that request on its way, and sends it again. A proof is good once: 401.',
      async run(walk) {
        const answer = await callWithProof(walk, owned.token, usedProof);
        return refusedProof(walk, answer);
      },
    },
    {
      title: 'Somebody has stolen the token, and sends it as Bearer: 401.',
      async run(walk) {
        const answer = await callApi(walk, owned.token);
        showRefusal(answer);
        return checkRefused(walk, answer, { error: 'invalid_token', introspections: 6 });
      },
    },
    {
      title: 'The thief signs the proof with another key: 401.',
      async run(walk) {
        const stolen = { token: owned.token, keys: await generateKeyPair('ES256') };
        const answer = await callWithProof(walk, stolen.token, await prove(walk, stolen));
        return refusedProof(walk, answer);
      },
    },
    {
      title: 'No refusal is remembered, so the thief locks nobody out: with a new proof the owner is served.',
      async run(walk) {
        const proof = await prove(walk, owned);
        const answer = await callWithProof(walk, owned.token, proof);
        showAnswer(answer);
        return [
          ...checkServed(walk, answer, { cacheStatus: 'HIT', introspections: 6 }),
          ...checkKept(walk, owned, proof),
        ];
      },
    },
  ];
}

/**
 * A call that works once, within a minute.
 * @param proofFile gets the header with the proof, which is too long to be read on a command line
 */
export async function boundCommand(demo: Demo, proofFile: string): Promise<string> {
  const bound = await issueBoundToken(demo.authorizationServer);
  await writeFile(proofFile, `DPoP: ${await prove(demo, bound)}\n`);
  return [
    `curl -i ${demo.gatewayUrl}${PATH}`,
    `    -H 'Authorization: DPoP ${bound.token}'`,
    `    -H '@${proofFile}'`,
  ].join(' \\\n');
}

async function issueBoundToken({ url, tokenPath, issueToken }: AuthorizationServer): Promise<BoundToken> {
  const keys = await generateKeyPair('ES256');
  const proof = await generateProof(keys, url + tokenPath, 'POST');
  return { keys, token: await issueToken({ scope: 'read', proof }) };
}

function prove({ gatewayUrl }: Demo, { keys, token }: BoundToken): Promise<string> {
  return generateProof(keys, gatewayUrl + PATH, 'GET', undefined, token);
}

function callWithProof(walk: Walk, token: string, proof: string): Promise<Answer> {
  return callApi(walk, token, PATH, { Authorization: `DPoP ${token}`, DPoP: proof });
}

function refusedProof(walk: Walk, answer: Answer): Check[] {
  showRefusal(answer);
  return checkRefused(walk, answer, { error: 'invalid_dpop_proof', introspections: 6 });
}

/** What the gateway keeps to itself. */
function checkKept(walk: Walk, { token }: BoundToken, proof: string): Check[] {
  return [['token or proof at the API', 0, countRequestsWith(walk, [token, proof])]];
}
