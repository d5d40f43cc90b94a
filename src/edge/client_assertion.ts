// Signs the gateway's assertions for the authorization server (RFC 7523), and keeps those that may be used again.
import { digest } from '../core/cache/key.js';
import {
  assertionInput,
  assertionProof,
  type ClientProof,
  decodePrivateKey,
} from '../core/introspection/client_authentication.js';
import type { ClientSettings, KeyAlgorithm } from '../core/settings/client_settings.js';
import { type Misconfiguration, misconfiguration } from '../core/settings/settings.js';
import { readFile } from './client_files.js';
import { readClockSec } from './clock.js';
import { deleteEntry, readEntry, writeEntry } from './zones.js';

export async function proveByKey(client: ClientSettings): Promise<ClientProof | Misconfiguration> {
  const name = assertionName(client);
  const known = client.assertionTtlSec === 0 ? undefined : readEntry('phantom_token', name);
  if (known !== undefined) {
    return assertionProof(client.id, known);
  }
  const file = readFile('phantom_token_client_key_file', client.keyFile);
  if (file.kind === 'misconfiguration') {
    return file;
  }
  const key = decodePrivateKey(file.text);
  if (key === undefined) {
    return misconfiguration(
      `$phantom_token_client_key_file: ${client.keyFile} holds no PKCS #8 key (openssl pkcs8 -topk8 -nocrypt)`,
    );
  }
  const input = assertionInput(client, newJti(), readClockSec());
  const signature = await sign(client.keyAlgorithm, key, input);
  if (signature === undefined) {
    return misconfiguration(
      `$phantom_token_client_key_file: ${client.keyFile} holds no key for ${client.keyAlgorithm}`,
    );
  }
  const assertion = `${input}.${signature}`;
  if (client.assertionTtlSec > 0) {
    writeEntry('phantom_token', name, assertion, client.assertionTtlSec * 1000);
  }
  return assertionProof(client.id, assertion);
}

/** The authorization server did not take it: the next introspection signs a new one, with the key as it is then. */
export function forgetAssertion(client: ClientSettings): void {
  deleteEntry('phantom_token', assertionName(client));
}

/** Where an assertion of these settings is kept; a changed setting is another name. */
function assertionName(client: ClientSettings): string {
  const parts = [
    client.id,
    client.keyFile,
    client.keyAlgorithm,
    client.keyId,
    client.assertionAudience,
    client.assertionTtlSec,
  ];
  const settings = parts.join('\n');
  return `assertion:${digest(settings)}`;
}

/** 128 random bits, in hex (RFC 7519 §4.1.7). */
function newJti(): string {
  const bytes = new Uint8Array(16);
  crypto.getRandomValues(bytes);
  return Buffer.from(bytes).toString('hex');
}

/** @returns the signature in base64url; undefined when the key does not fit the algorithm */
async function sign(algorithm: KeyAlgorithm, key: Buffer, input: string): Promise<string | undefined> {
  try {
    const cryptoKey = await crypto.subtle.importKey('pkcs8', key, keyParameters(algorithm), false, ['sign']);
    const signature = await crypto.subtle.sign(signParameters(algorithm), cryptoKey, Buffer.from(input));
    return Buffer.from(signature).toString('base64url');
  } catch (_mismatch) {
    return undefined;
  }
}

function keyParameters(algorithm: KeyAlgorithm): ImportAlgorithm {
  switch (algorithm) {
    case 'ES256':
      return { name: 'ECDSA', namedCurve: 'P-256' };
    case 'PS256':
      return { name: 'RSA-PSS', hash: 'SHA-256' };
    case 'RS256':
      return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  }
}

function signParameters(algorithm: KeyAlgorithm): SignOrVerifyAlgorithm {
  switch (algorithm) {
    case 'ES256':
      return { name: 'ECDSA', hash: 'SHA-256' };
    case 'PS256':
      return { name: 'RSA-PSS', saltLength: 32 };
    case 'RS256':
      return { name: 'RSASSA-PKCS1-v1_5' };
  }
}
