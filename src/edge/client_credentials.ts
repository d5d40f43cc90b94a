// Makes the gateway's proof for the authorization server: reads files, signs assertions.
import nodeCrypto from 'crypto';
import fs from 'fs';
import {
  assertionInput,
  assertionProof,
  basicProof,
  type ClientProof,
  decodePrivateKey,
  locationProof,
  postProof,
} from '../core/introspection/client_authentication.js';
import { describeUnreadable, readEffectiveUid } from '../core/introspection/client_files.js';
import type { ClientSettings, KeyAlgorithm } from '../core/settings/client_settings.js';
import { type Misconfiguration, misconfiguration } from '../core/settings/settings.js';
import { deleteAssertion, readAssertion, writeAssertion } from './shared_cache.js';

/** Files are read when they are needed, so that a rotated secret or key needs no reload. */
export async function proveClient(
  client: ClientSettings,
  nowSec: number,
): Promise<ClientProof | Misconfiguration> {
  if (client.authMethod === 'none') {
    return locationProof(client.id);
  }
  if (client.authMethod === 'private_key_jwt') {
    return proveByKey(client, nowSec);
  }
  return client.secretFile === '' ? proveBySecret(client, client.secret) : proveBySecretFile(client);
}

function proveBySecretFile(client: ClientSettings): ClientProof | Misconfiguration {
  const file = readFile('phantom_token_client_secret_file', client.secretFile);
  if (file.kind === 'misconfiguration') {
    return file;
  }
  // Editors and `echo` end a file with a line break that is not part of the secret.
  const secret = file.text.replace(/\r?\n$/, '');
  return secret === ''
    ? misconfiguration(`$phantom_token_client_secret_file: ${client.secretFile} is empty`)
    : proveBySecret(client, secret);
}

function proveBySecret(client: ClientSettings, secret: string): ClientProof {
  return client.authMethod === 'client_secret_post'
    ? postProof(client.id, secret)
    : basicProof(client.id, secret);
}

async function proveByKey(client: ClientSettings, nowSec: number): Promise<ClientProof | Misconfiguration> {
  const name = assertionName(client);
  const known = client.assertionTtlSec === 0 ? undefined : readAssertion(name);
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
  const input = assertionInput(client, newJti(), nowSec);
  const signature = await sign(client.keyAlgorithm, key, input);
  if (signature === undefined) {
    return misconfiguration(
      `$phantom_token_client_key_file: ${client.keyFile} holds no key for ${client.keyAlgorithm}`,
    );
  }
  const assertion = `${input}.${signature}`;
  if (client.assertionTtlSec > 0) {
    writeAssertion(name, assertion, client.assertionTtlSec);
  }
  return assertionProof(client.id, assertion);
}

/** The authorization server did not take it: the next introspection signs a new one, with the key as it is then. */
export function forgetAssertion(client: ClientSettings): void {
  if (client.authMethod === 'private_key_jwt') {
    deleteAssertion(assertionName(client));
  }
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
  return nodeCrypto.createHash('sha256').update(parts.join('\n')).digest('base64url');
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

interface FileText {
  readonly kind: 'file';
  readonly text: string;
}

/** @param variable that names the file, without `$` */
function readFile(variable: string, path: string): FileText | Misconfiguration {
  try {
    return { kind: 'file', text: fs.readFileSync(path, 'utf8') };
  } catch (e) {
    const code = (e as { code?: string }).code || '';
    return misconfiguration(describeUnreadable(variable, path, code, readUid()));
  }
}

/** The user that reads files: not always the `user` of nginx.conf, which nginx heeds only when root starts it. */
function readUid(): string {
  try {
    return readEffectiveUid(fs.readFileSync('/proc/self/status', 'utf8'));
  } catch (_notLinux) {
    return '';
  }
}
