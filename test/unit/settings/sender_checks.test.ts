import test from 'ava';
import { checkMetadataUrl, checkOrigin } from '../../../src/core/settings/sender_checks.js';

const ORIGINS: [value: string, isGood: boolean][] = [
  ['', true],
  ['https://api.example.com', true],
  ['http://api.example.com:8080', true],
  ['HTTPS://API.example.com', true],
  ['https://[::1]', true],
  ['https://[2001:db8::1]:443', true],
  ['https://api.example.com/', false],
  ['https://api.example.com:443/a', false],
  ['https://api.example.com:port', false],
  ['https://user@api.example.com', false],
  ['xhttps://api.example.com', false],
  ['//api.example.com', false],
  ['ftp://api.example.com', false],
  ['https://[]', false],
  ['https://[api]', false],
  ['https://api.example.com\n', false],
  ['https://boo\u212As.example.com', false],
];

for (const [value, isGood] of ORIGINS) {
  test(`checkOrigin: ${JSON.stringify(value)} is ${isGood ? 'good' : 'no scheme and authority, of which a proof names both'} (RFC 9449 §4.3)`, (t) =>
    t.is(checkOrigin(value) === undefined, isGood));
}

const URLS: [value: string, isGood: boolean][] = [
  ['', true],
  ['https://api.example.com/.well-known/oauth-protected-resource', true],
  ['http://localhost/md?a=b', true],
  ['xhttps://api.example.com/md', false],
  ['/md', false],
  ['https://api.example.com/"', false],
  ['https://api.example.com/\\', false],
  ['https://api.example.com/a b', false],
  ['https://api.example.com/md\n', false],
];

for (const [value, isGood] of URLS) {
  test(`checkMetadataUrl: ${JSON.stringify(value)} is ${isGood ? 'good' : 'refused, as it stands in a quoted-string'} (RFC 9728 §5.1)`, (t) =>
    t.is(checkMetadataUrl(value) === undefined, isGood));
}
