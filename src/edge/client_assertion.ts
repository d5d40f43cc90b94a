// Signs the gateway's assertions for the authorization server (RFC 7523), and keeps those that may be used again.
import { digest } from '../core/cache/key.js';
import {
  assertionInput,
  assertionProof,
  type ClientProof,
} from '../core/introspection/client_authentication.js';
import type { ClientSettings } from '../core/settings/client_settings.js';
import { type Misconfiguration, misconfiguration } from '../core/settings/settings.js';
import { decodePrivateKey } from '../core/signature/pem.js';
import { readClockSec } from './clock.js';
import { newJti } from './jti.js';
import { readFile } from './key_files.js';
import { signWithPkcs8 } from './sign.js';
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
  const signature = await signWithPkcs8(client.keyAlgorithm, key, input);
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
