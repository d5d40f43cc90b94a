// Reads the gateway's own keys from their file, whenever they are needed: a rotated key needs no reload.

import { type Misconfiguration, misconfiguration } from '../core/settings/settings.js';
import { keyParameters } from '../core/signature/algorithm.js';
import { type OwnKey, parseOwnKeys, readOwnKey } from '../core/signature/own_key.js';
import { algorithmOfPkcs8, decodePrivateKey } from '../core/signature/pem.js';
import { readFile } from './key_files.js';

const VARIABLE = 'phantom_token_mint_key_file';

/** @param path of `$phantom_token_mint_key_file` */
export async function readOwnKeys(path: string): Promise<OwnKey[] | Misconfiguration> {
  const file = readFile(VARIABLE, path);
  if (file.kind === 'misconfiguration') {
    return file;
  }
  const der = decodePrivateKey(file.text);
  const keys = der === undefined ? parseOwnKeys(file.text) : await readPkcs8(der);
  return typeof keys === 'string' ? badKeyFile(path, keys) : keys;
}

export function badKeyFile(path: string, problem: string): Misconfiguration {
  return misconfiguration(`$${VARIABLE}: ${path}: ${problem}`);
}

async function readPkcs8(der: Buffer): Promise<OwnKey[] | string> {
  const alg = algorithmOfPkcs8(der);
  if (alg === undefined) {
    return 'holds no RSA key and no EC key on P-256 or P-384';
  }
  const jwk = await exportPkcs8(der, keyParameters(alg));
  if (jwk === undefined) {
    return 'holds a key that the engine cannot read';
  }
  // The engine names the algorithm for which the key was imported, in its own way.
  const own = readOwnKey(Object.assign(jwk, { alg }));
  return typeof own === 'string' ? `its key ${own}` : [own];
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
