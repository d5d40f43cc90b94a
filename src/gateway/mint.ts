// Signs a JWT of the gateway's own for an active token.
import { type Denial, denied, type Unavailable } from '../core/answer/outcome.js';
import { misconfigured, notAnswered } from '../core/answer/unavailable.js';
import type { ActiveToken } from '../core/introspection/active_token.js';
import { findMintRefusal, mintedClaims } from '../core/mint/minted_claims.js';
import type { Settings } from '../core/settings/settings.js';
import type { SignatureSettings } from '../core/settings/signature_settings.js';
import { jwsInput } from '../core/signature/jws_input.js';
import { signingKeyOf } from '../core/signature/own_key.js';
import { newJti } from '../edge/jti.js';
import { badKeyFile, readOwnKeys } from '../edge/own_keys.js';
import { signWithJwk } from '../edge/sign.js';

/** The token with a JWT of the gateway's own, where the location wants one; else as it is. */
export function mintWhere(
  active: ActiveToken,
  signatures: SignatureSettings,
  settings: Settings,
  nowSec: number,
): ActiveToken | Promise<ActiveToken | Denial | Unavailable> {
  const isWanted = signatures.mint === 'always' || (signatures.mint === 'missing' && active.jwt === '');
  return isWanted ? mint(active, signatures, settings, nowSec) : active;
}

async function mint(
  active: ActiveToken,
  signatures: SignatureSettings,
  settings: Settings,
  nowSec: number,
): Promise<ActiveToken | Denial | Unavailable> {
  const refusal = findMintRefusal(active.answer);
  if (refusal !== undefined) {
    return denied(refusal, 'MISS');
  }
  const minted = mintedClaims(active, signatures, newJti(), nowSec);
  if (minted.kind === 'invalid_claim') {
    return notAnswered('introspection_invalid_claim', `claim=${minted.claim}`);
  }
  const path = signatures.mintKeyFile;
  const keys = await readOwnKeys(path);
  if (!Array.isArray(keys)) {
    return misconfigured(keys.problem);
  }
  const key = signingKeyOf(keys);
  if (key === undefined || key.privateJwk === undefined) {
    return misconfigured(badKeyFile(path, 'holds no private key: put the one that signs first').problem);
  }
  const input = jwsInput({ typ: 'at+jwt', alg: key.alg, kid: key.kid }, minted.claims); // RFC 9068 §2.1
  const signature = await signWithJwk(key.alg, key.privateJwk, input);
  if (signature === undefined) {
    return misconfigured(
      badKeyFile(
        path,
        `its first private key does not sign ${key.alg}: do its private and its public members belong together?`,
      ).problem,
    );
  }
  const jwt = `${input}.${signature}`;
  return jwt.length > settings.maxJwtLength
    ? notAnswered('jwt_too_large', 'the JWT that the gateway would sign')
    : {
        kind: 'active',
        jwt,
        serverJwt: undefined,
        answer: active.answer,
        claims: active.claims,
        binding: active.binding,
        expiresAtSec: minted.usableUntilSec,
      };
}
