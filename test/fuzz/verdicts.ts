// What the rules of src/core say of each input. It runs in Node and, bundled as the script is, in both engines of njs: so it
// is written in the language of njs 0.8.9.
import {
  bindingOf,
  encodeBoundRecord,
  isBoundRecord,
  unboundPartOf,
} from '../../src/core/cache/bound_record.js';
import { forbidsStale, freshnessSec, parseCacheControl } from '../../src/core/cache/cache_control.js';
import { encodeDenial, reasonOf } from '../../src/core/cache/denial_record.js';
import { grantsOf, judgeRecord, meetsPolicy } from '../../src/core/cache/judge.js';
import { type CacheKey, cacheKey } from '../../src/core/cache/key.js';
import { formatListed, parseListed } from '../../src/core/cache/listed_keyspace.js';
import { credentialOf, endpointOf, type Keyspace, keyspaceOf } from '../../src/core/cache/lookup.js';
import {
  authorizationOf,
  isFresh,
  isReady,
  isStoredUnder,
  type StoredRecord,
} from '../../src/core/cache/record.js';
import { mayStandIn } from '../../src/core/cache/stale.js';
import { recordTtlSec } from '../../src/core/cache/ttl.js';
import { encodeRecord, isCountedAlike } from '../../src/core/cache/write_record.js';
import { interpretReply } from '../../src/core/introspection/answer.js';
import { introspectionForm } from '../../src/core/introspection/question.js';
import { type IntrospectionReply, mediaType } from '../../src/core/introspection/reply.js';
import { readSignedResponse } from '../../src/core/introspection/signed_response.js';
import { wantsJson } from '../../src/core/request/accept.js';
import { parseBearer } from '../../src/core/request/bearer.js';
import { isUsualUri } from '../../src/core/request/forwarded_uri.js';
import {
  type ForwardedHeaders,
  isWellFormedUri,
  readOriginalRequest,
} from '../../src/core/request/original_request.js';
import { parseIntrospectionForm, parseTokenForm } from '../../src/core/request/token_form.js';
import { usualToken } from '../../src/core/request/usual_question.js';
import { type Binding, readBinding } from '../../src/core/sender/binding.js';
import { certificateThumbprint } from '../../src/core/sender/certificate.js';
import { parseDpop } from '../../src/core/sender/dpop_credential.js';
import {
  checkProof,
  type ProofTimes,
  type ProvenRequest,
  readProof,
} from '../../src/core/sender/dpop_proof.js';
import { hasDotSegment, isTargetUri, normalizeUri } from '../../src/core/sender/target_uri.js';
import { checkPlainText, checkRealm, checkScopes, checkWhole } from '../../src/core/settings/checks.js';
import type { RestText } from '../../src/core/settings/location_texts.js';
import { parseLocation } from '../../src/core/settings/parsed_location.js';
import { parsePolicy } from '../../src/core/settings/policy_text.js';
import {
  checkAccept,
  checkEndpoint,
  checkFile,
  checkFormFields,
  checkSwitch,
} from '../../src/core/settings/question_checks.js';
import type { Lookup, PolicyText, RequestText } from '../../src/core/settings/request_text.js';
import { checkMetadataUrl, checkOrigin } from '../../src/core/settings/sender_checks.js';
import type { SenderSettings } from '../../src/core/settings/sender_settings.js';
import { checkMintAudience, checkMintClaims } from '../../src/core/settings/signature_checks.js';
import type { SignatureSettings } from '../../src/core/settings/signature_settings.js';
import { readJws, typeOf } from '../../src/core/signature/jws.js';
import { chooseKeys, formatKeySet, parseKeptKeySet, parseKeySet } from '../../src/core/signature/key_set.js';
import { parseOwnKeys } from '../../src/core/signature/own_key.js';
import { algorithmOfPkcs8, decodePrivateKeys } from '../../src/core/signature/pem.js';
import { thumbprint } from '../../src/core/signature/public_key.js';
import { formEncode } from '../../src/core/text/form.js';
import { parseJsonObject } from '../../src/core/text/json.js';
import { isPlainText } from '../../src/core/text/plain_text.js';
import { readClaims, type TokenClaims } from '../../src/core/token/claims.js';
import { isJwsShaped, signedPartOf } from '../../src/core/token/jws_token.js';
import {
  explainBadJwt,
  isCanonicallySigned,
  isIntrospectionResponse,
  parseJwt,
} from '../../src/core/token/jwt.js';
import { checkPolicy, encodeGrants } from '../../src/core/token/policy.js';
import { judgePresented } from '../../src/core/token/presented_jwt.js';
import { endOf, spellingsOf } from '../../src/core/token/spellings.js';

/** The clock of all targets, epoch seconds. */
export enum Now {
  sec = 1700000000,
}

export interface AnswerInput {
  readonly reply: IntrospectionReply;
  readonly jwtField: string;
  readonly accept: string;
  readonly constraint: '' | 'verify' | 'require';
  readonly mint: 'off' | 'missing';
  readonly jwks: string;
}

export interface ResponseInput {
  readonly jwt: string;
  readonly issuer: string;
  readonly clientId: string;
}

export interface RecordInput {
  readonly claims: TokenClaims;
  readonly jwt: string;
  readonly binding: Binding;
  readonly policy: readonly string[];
  readonly otherPolicy: readonly string[];
  readonly lifeSec: number;
  readonly ageSec: number;
  readonly usableSec: number;
  readonly staleIfErrorSec: number;
}

export interface TtlInput {
  readonly freshnessSec: number | null;
  readonly expiresAtSec: number | null;
  readonly cacheTtlSec: number;
  readonly random: number;
}

export interface DenialInput {
  readonly record: string;
  readonly ttlSec: number;
}

export interface ProofInput {
  readonly proof: string;
  readonly request: ProvenRequest;
  readonly times: ProofTimes;
}

export interface UriInput {
  readonly htu: string;
  readonly origin: string;
  readonly uri: string;
}

export interface ForwardedInput {
  readonly own: { readonly method: string; readonly uri: string };
  readonly headers: ForwardedHeaders;
}

export interface LocationInput {
  readonly request: readonly string[];
  readonly rest: readonly string[];
}

export interface KeyInput {
  readonly lines: readonly string[];
  readonly otherLines: readonly string[];
}

/** An object of functions alone: at the top level of what njs runs nothing is computed. */
export const VERDICTS = {
  bearer: (header: string) => parseBearer(header),

  dpop_credential: (header: string) => parseDpop(header),

  token_form: (form: string) => ({
    named: parseTokenForm(form),
    asked: parseIntrospectionForm(form),
    usual: usualToken(form),
  }),

  question: (token: string) => {
    const form = introspectionForm(token, '', '');
    return { form, asked: parseIntrospectionForm(form), usual: usualToken(form) };
  },

  form_encoding: (text: string) => formEncode(text),

  json: (text: string) => parseJsonObject(text),

  jwt: (text: string) => {
    const jwt = parseJwt(text);
    const tokens = {
      isJwsShaped: isJwsShaped(text),
      signedPart: signedPartOf(text),
      spellings: spellingsOf(text),
      end: endOf(text),
    };
    if (jwt === undefined) {
      return { jwt: undefined, problem: explainBadJwt(text), tokens };
    }
    const jws = readJws(jwt);
    return {
      jwt,
      problem: '',
      tokens,
      type: typeOf(jwt),
      isCanonical: isCanonicallySigned(jwt),
      isResponse: isIntrospectionResponse(jwt),
      jws:
        jws.kind === 'jws'
          ? { kind: jws.kind, alg: jws.alg, kid: jws.kid, input: jws.input, bytes: jws.signature.length }
          : jws,
    };
  },

  presented_jwt: (text: string) => {
    const jwt = parseJwt(text);
    const judged = jwt === undefined ? undefined : judgePresented(jwt, Now.sec, senderOf('verify'));
    return judged !== undefined && judged.kind === 'active'
      ? {
          kind: judged.kind,
          claims: judged.claims,
          binding: judged.binding,
          expiresAtSec: judged.expiresAtSec,
        }
      : judged;
  },

  claims: (text: string) => {
    const source = parseJsonObject(text);
    const read = source === undefined ? undefined : readClaims(source);
    return {
      read,
      binding:
        source !== undefined && read !== undefined && read.kind === 'claims' && read.isSenderConstrained
          ? readBinding([source])
          : undefined,
      grants: read !== undefined && read.kind === 'claims' ? encodeGrants(read.claims) : undefined,
    };
  },

  answer: (input: AnswerInput) => {
    const form = {
      jwtField: input.jwtField,
      maxJwtLength: 65536,
      introspectionAccept: input.accept,
      sender: input.constraint === '' ? undefined : senderOf(input.constraint),
    };
    const signatures = { jwks: input.jwks, mint: input.mint } as SignatureSettings;
    const found = interpretReply(input.reply, form, Now.sec, signatures);
    switch (found.kind) {
      case 'active':
        return {
          kind: found.kind,
          jwt: found.jwt,
          claims: found.claims,
          binding: found.binding,
          expiresAtSec: found.expiresAtSec,
        };
      case 'signed_response':
        return { kind: found.kind, jwt: found.jwt.text };
      default:
        return found;
    }
  },

  signed_response: (input: ResponseInput) => {
    const jwt = parseJwt(input.jwt);
    return jwt === undefined
      ? undefined
      : readSignedResponse(jwt, { issuer: input.issuer, clientId: input.clientId }, NO_REPLY);
  },

  media_type: (header: string) => ({ type: mediaType(header), wantsJson: wantsJson(header) }),

  cache_control: (headers: { cacheControl: string; age: string }) => {
    const directives = parseCacheControl(headers.cacheControl);
    return {
      directives,
      freshness: freshnessSec(directives, headers.age),
      stricter: freshnessSec(parseCacheControl(`${headers.cacheControl}, no-store`), headers.age),
      forbidsStale: forbidsStale(directives),
    };
  },

  ttl: (input: TtlInput) =>
    recordTtlSec(
      {
        freshnessSec: input.freshnessSec === null ? undefined : input.freshnessSec,
        expiresAtSec: input.expiresAtSec === null ? undefined : input.expiresAtSec,
        cacheTtlSec: input.cacheTtlSec,
      },
      Now.sec,
      input.random,
    ),

  record: (input: RecordInput) => {
    const grants = encodeGrants(input.claims);
    const policyText = input.policy.join('\n') as PolicyText;
    const otherText = input.otherPolicy.join('\n') as PolicyText;
    const policy = parsePolicy(policyText);
    const other = parsePolicy(otherText);
    const storedAtSec = Now.sec - input.ageSec;
    const refusal =
      policy === undefined ? undefined : checkPolicy(grants, input.claims.notBeforeSec, policy, storedAtSec);
    const isMet = policy !== undefined && policy.cacheTtlSec > 0 && refusal === undefined;
    const times = {
      expiresAtSec: storedAtSec + input.lifeSec,
      storedAtSec,
      notBeforeSec: input.claims.notBeforeSec,
      usableUntilSec: storedAtSec + input.usableSec,
    };
    const record = encodeRecord(times, input.jwt, grants, isMet ? policyText : '');
    const bound = encodeBoundRecord(input.binding, record);
    const limits = { cacheTtlSec: 300, staleIfErrorSec: input.staleIfErrorSec };
    return {
      // The places in a record hold in both engines only for such a text: only such a one is stored.
      isStorable: isCountedAlike(grants + policyText),
      isPolicy: policy !== undefined,
      refusal,
      isMet,
      grants,
      otherRefusal:
        other === undefined ? undefined : checkPolicy(grants, input.claims.notBeforeSec, other, Now.sec),
      otherTtlSec: other === undefined ? 0 : other.cacheTtlSec,
      readGrants: grantsOf(record),
      authorization: authorizationOf(record),
      isReady: isReady(record, Now.sec),
      isFresh: isFresh(record, Now.sec),
      isStoredUnder: isStoredUnder(record, policyText),
      isStoredUnderOther: isStoredUnder(record, otherText),
      meets: meetsPolicy(record, otherText, Now.sec),
      verdict: other === undefined ? undefined : judgeRecord(record, other, Now.sec),
      mayStandIn: mayStandIn(record, limits, Now.sec),
      isBound: isBoundRecord(bound),
      isUnboundTakenForBound: isBoundRecord(record),
      isBoundFresh: isFresh(bound, Now.sec) || isReady(bound, Now.sec),
      mayBoundStandIn: mayStandIn(bound, limits, Now.sec),
      binding: bindingOf(bound),
      isUnboundPart: unboundPartOf(bound) === record,
    };
  },

  any_record: (text: string) => {
    const record = text as StoredRecord;
    return {
      isReady: isReady(record, Now.sec),
      isFresh: isFresh(record, Now.sec),
      mayStandIn: mayStandIn(record, { cacheTtlSec: 300, staleIfErrorSec: 300 }, Now.sec),
    };
  },

  denial_record: (input: DenialInput) => ({
    reason: reasonOf(input.record, input.ttlSec, Now.sec),
    written: reasonOf(encodeDenial(Now.sec + 1, Now.sec, 'token_inactive'), input.ttlSec, Now.sec),
  }),

  listed_keyspace: (keyspace: string) =>
    parseListed(formatListed({ keyspace: keyspace as Keyspace, markTtlSec: 300, listedAtSec: Now.sec })),

  key: (input: KeyInput) => {
    const lookup = input.lines.join('\n') as Lookup;
    return {
      key: cacheKey(lookup) as CacheKey,
      otherKey: cacheKey(input.otherLines.join('\n') as Lookup) as CacheKey,
      credential: credentialOf(lookup),
      endpoint: endpointOf(lookup),
      keyspace: keyspaceOf(lookup),
    };
  },

  certificate: (text: string) => certificateThumbprint(text),

  dpop_proof: (input: ProofInput) => {
    const proof = readProof(input.proof);
    if (proof.kind !== 'proof') {
      return proof;
    }
    return {
      kind: proof.kind,
      refusal: checkProof(proof, input.request, input.times, Now.sec),
      key: proof.key,
      alg: proof.jws.alg,
      input: proof.jws.input,
      signature: proof.jws.signature.toString('base64url'),
      jkt: proof.jkt,
      jti: proof.jti,
      nonce: proof.nonce,
    };
  },

  target_uri: (input: UriInput) => ({
    normalized: normalizeUri(input.htu),
    isTarget: isTargetUri(input.htu, input.origin, input.uri),
    isOwnTarget: isTargetUri(input.origin + input.uri, input.origin, input.uri),
    hasDotSegment: hasDotSegment(input.uri),
    isUsual: isUsualUri(input.uri),
    isWellFormed: isWellFormedUri(input.uri),
  }),

  forwarded: (input: ForwardedInput) => readOriginalRequest(input.own, input.headers),

  location: (input: LocationInput) => {
    const request = input.request.join('\n') as RequestText;
    const rest = input.rest.join('\n') as RestText;
    const credential = request.slice(request.lastIndexOf('\n') + 1);
    const location = parseLocation(request, rest, credential);
    return location === undefined
      ? undefined
      : { settings: location.settings, signatures: location.signatures };
  },

  check: (value: string) => ({
    scopes: checkScopes(value),
    plain: checkPlainText(value),
    isPlain: isPlainText(value),
    realm: checkRealm(value),
    whole: checkWhole(value, 0, 31536000, 'seconds'),
    aSwitch: checkSwitch(value),
    endpoint: checkEndpoint(value),
    formFields: checkFormFields(value),
    accept: checkAccept(value),
    file: checkFile(value),
    origin: checkOrigin(value),
    metadataUrl: checkMetadataUrl(value),
    mintAudience: checkMintAudience(value),
    mintClaims: checkMintClaims(value),
  }),

  key_set: (text: string) => {
    const keys = parseKeySet(text);
    if (typeof keys === 'string') {
      return { problem: keys, keys: [], kept: undefined, thumbprints: [], chosen: [] };
    }
    return {
      problem: '',
      keys,
      kept: parseKeptKeySet(formatKeySet(keys, Now.sec)),
      thumbprints: keys.map((key) => thumbprint(key)),
      chosen: [chooseKeys(keys, '', 'ES256'), chooseKeys(keys, '', 'RS256'), chooseKeys(keys, 'k1', 'PS512')],
    };
  },

  own_keys: (text: string) => parseOwnKeys(text),

  pem: (text: string) =>
    decodePrivateKeys(text).map((der) => ({
      der: der.toString('base64'),
      alg: algorithmOfPkcs8(der),
    })),
};

const NO_REPLY: IntrospectionReply = {
  kind: 'reply',
  isIntrospection: true,
  limitProblem: '',
  failure: '',
  status: 200,
  contentType: 'application/token-introspection+jwt',
  contentLength: '',
  cacheControl: '',
  age: '',
  retryAfter: '',
  body: '',
  bodyBytes: 0,
};

function senderOf(constraint: SenderSettings['constraint']): SenderSettings {
  return {
    kind: 'sender_settings',
    constraint,
    dpopOrigin: 'https://api.example.com',
    dpopMaxAgeSec: 60,
    dpopNonce: 'off',
  };
}

export type TargetName = keyof typeof VERDICTS;
export type InputOf<N extends TargetName> = Parameters<(typeof VERDICTS)[N]>[0];
export type VerdictOf<N extends TargetName> = ReturnType<(typeof VERDICTS)[N]>;
