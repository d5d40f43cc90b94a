// Makes the gateway's proof for the authorization server, where the location has client settings.
import {
  basicProof,
  type ClientProof,
  locationProof,
  postProof,
} from '../core/introspection/client_authentication.js';
import { type ClientSettings, parseClientSettings } from '../core/settings/client_settings.js';
import type { LocationTexts } from '../core/settings/location_texts.js';
import { type Misconfiguration, misconfiguration } from '../core/settings/settings.js';
import { forgetAssertion, proveByKey } from './client_assertion.js';
import { readFile } from './key_files.js';

/** @param isUrl whether the endpoint is an absolute URL, where no location can authenticate in our place */
export async function proveClient(
  texts: LocationTexts,
  isUrl: boolean,
): Promise<ClientProof | Misconfiguration> {
  const client = parseClientSettings(texts, isUrl);
  if (client.kind === 'misconfiguration') {
    return client;
  }
  switch (client.authMethod) {
    case 'none':
      return locationProof(client.id);
    case 'private_key_jwt':
      return proveByKey(client);
    default:
      return client.secretFile === '' ? proveBySecret(client, client.secret) : proveBySecretFile(client);
  }
}

/** The authorization server did not take this proof. */
export function forgetProof(texts: LocationTexts, isUrl: boolean): void {
  const client = parseClientSettings(texts, isUrl);
  if (client.kind === 'client_settings' && client.authMethod === 'private_key_jwt') {
    forgetAssertion(client);
  }
}

function proveBySecretFile(client: ClientSettings): ClientProof | Misconfiguration {
  const file = readFile('phantom_token_client_secret_file', client.secretFile);
  if (file.kind === 'misconfiguration') {
    return file;
  }
  // Editors and `echo` end a file with a line break that is not part of the secret.
  const secret = file.text.replace(/\r?\n$(?!\n)/, '');
  return secret === ''
    ? misconfiguration(`$phantom_token_client_secret_file: ${client.secretFile} is empty`)
    : proveBySecret(client, secret);
}

function proveBySecret(client: ClientSettings, secret: string): ClientProof {
  return client.authMethod === 'client_secret_post'
    ? postProof(client.id, secret)
    : basicProof(client.id, secret);
}
