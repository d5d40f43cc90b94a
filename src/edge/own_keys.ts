// Reads the gateway's own keys from their file, whenever they are needed: a rotated key needs no reload.
import { type Misconfiguration, misconfiguration } from '../core/settings/settings.js';
import { keyParameters } from '../core/signature/algorithm.js';
import { type OwnKey, parseOwnKeys, readOwnKeySet } from '../core/signature/own_key.js';
import { algorithmOfPkcs8, decodePrivateKeys } from '../core/signature/pem.js';
import { readFile } from './key_files.js';

const VARIABLE = 'phantom_token_mint_key_file';

/** @param path of `$phantom_token_mint_key_file` */
export async function readOwnKeys(path: string): Promise<OwnKey[] | Misconfiguration> {
  const file = readFile(VARIABLE, path);
  if (file.kind === 'misconfiguration') {
    return file;
  }
  const blocks = decodePrivateKeys(file.text);
  const keys = blocks.length === 0 ? parseOwnKeys(file.text) : await readPkcs8(blocks);
  return typeof keys === 'string' ? badKeyFile(path, keys) : keys;
}

export function badKeyFile(path: string, problem: string): Misconfiguration {
  return misconfiguration(`$${VARIABLE}: ${path}: ${problem}`);
}

async function readPkcs8(blocks: readonly Buffer[]): Promise<OwnKey[] | string> {
  const jwks: object[] = [];
  for (let i = 0; i < blocks.length; i++) {
    const der = blocks[i] as Buffer;
    const alg = algorithmOfPkcs8(der);
    const jwk = alg === undefined ? undefined : await exportPkcs8(der, keyParameters(alg));
    if (jwk === undefined) {
      return `key ${i + 1} is no RSA key and no EC key on P-256 or P-384`;
    }
    jwks.push(Object.assign(jwk, { alg })); // the engine names it in its own way
  }
  return readOwnKeySet(jwks);
}

async function exportPkcs8(der: Buffer, importing: ImportAlgorithm): Promise<object | undefined> {
  try {
    const key = await crypto.subtle.importKey('pkcs8', der, importing, true, ['sign']);
    const jwk = await crypto.subtle.exportKey('jwk', key);
    return jwk;
  } catch (_broken) {
    return undefined;
  }
}
