// How the gateway authenticates at the authorization server, checked. What there is to set stands in client_table.ts.
import type { LocationTexts } from './location_texts.js';
import { readClientSettings } from './parse_client_settings.js';
import { type Misconfiguration, misconfiguration } from './settings.js';

/** RFC 7591 §2 names; `none`: the introspection location authenticates by itself. */
export type ClientAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt';

export type KeyAlgorithm = 'RS256' | 'PS256' | 'ES256';

export interface ClientSettings {
  readonly kind: 'client_settings';
  authMethod: ClientAuthMethod;
  readonly id: string;
  readonly secret: string;
  readonly secretFile: string;
  readonly keyFile: string;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly keyId: string;
  readonly assertionAudience: string;
  /** For how long one assertion is used; 0: each once. */
  readonly assertionTtlSec: number;
}

/**
 * Checks every client setting, and that together they make one method.
 * @param isUrl whether the endpoint is an absolute URL, where no location can authenticate in our place
 * Does NOT read any file.
 */
export function parseClientSettings(texts: LocationTexts, isUrl: boolean): ClientSettings | Misconfiguration {
  const findings = { problem: '' };
  const client = readClientSettings(findings, texts.request, texts.rest);
  if (findings.problem !== '') {
    return misconfiguration(findings.problem);
  }
  client.authMethod = client.authMethod || impliedMethod(client, isUrl);
  const problem = findContradiction(client) || findMissing(client, isUrl);
  return problem === undefined ? client : misconfiguration(problem);
}

/** The method where `$phantom_token_client_auth` is empty. */
function impliedMethod(client: ClientSettings, isUrl: boolean): ClientAuthMethod {
  const isEmpty = client.id + client.secret + client.secretFile + client.keyFile === '';
  return isEmpty && !isUrl ? 'none' : 'client_secret_basic';
}

/** Two ways to authenticate, of which nobody can say which one was meant. */
function findContradiction(client: ClientSettings): string | undefined {
  const isSecretMethod = client.authMethod !== 'none' && client.authMethod !== 'private_key_jwt';
  if (!isSecretMethod && client.secret !== '') {
    return explainUnused('client_secret', client.authMethod);
  }
  if (!isSecretMethod && client.secretFile !== '') {
    return explainUnused('client_secret_file', client.authMethod);
  }
  if (client.authMethod !== 'private_key_jwt' && client.keyFile !== '') {
    return explainUnused('client_key_file', client.authMethod);
  }
  return client.secret !== '' && client.secretFile !== ''
    ? '$phantom_token_client_secret and $phantom_token_client_secret_file are both set: leave out one of them'
    : undefined;
}

function explainUnused(credential: string, method: ClientAuthMethod): string {
  const named =
    method === 'none'
      ? 'none: then the introspection location authenticates'
      : `${method}, which does not use it`;
  return `$phantom_token_${credential} is set, and $phantom_token_client_auth is ${named}. Leave out the credential, or name its method`;
}

/** What the chosen method needs and does not have. */
function findMissing(client: ClientSettings, isUrl: boolean): string | undefined {
  if (client.authMethod === 'none') {
    return undefined;
  }
  if (client.id === '') {
    const isImplied = isUrl && client.authMethod === 'client_secret_basic';
    return `$phantom_token_client_id is not set: ${client.authMethod} needs it${isImplied ? WITH_URL : ''}`;
  }
  if (client.authMethod === 'private_key_jwt') {
    return findMissingOfKey(client);
  }
  if (client.secret === '' && client.secretFile === '') {
    return `set $phantom_token_client_secret or $phantom_token_client_secret_file: ${client.authMethod} needs one of them`;
  }
  return undefined;
}

// No location authenticates in our place, so this method is the default.
const WITH_URL = '; with a URL as endpoint set id and secret, or $phantom_token_client_auth none';

function findMissingOfKey(client: ClientSettings): string | undefined {
  if (client.keyFile === '') {
    return '$phantom_token_client_key_file is not set: private_key_jwt needs it';
  }
  return client.assertionAudience === ''
    ? '$phantom_token_client_assertion_audience is not set: private_key_jwt needs the issuer of the authorization server'
    : undefined;
}
