import test from 'ava';
import { checkJwks, checkMintClaims } from '../../../src/core/settings/signature_checks.js';

const BAD_PLACE =
  'must be the path of an internal location, such as /introspect, or an http or https URL; neither with a query';

const PLACES: [value: string, problem: string | undefined][] = [
  ['', undefined],
  ['/_jwks', undefined],
  ['https://as.example.com/jwks', undefined],
  ['http://127.0.0.1:8080/jwks', undefined],
  ['jwks', BAD_PLACE],
  ['@jwks', BAD_PLACE],
  ['file:///etc/jwks', BAD_PLACE],
  ['https://user:password@as.example.com/jwks', BAD_PLACE],
  ['https://as.example.com/jwks?a=b', BAD_PLACE],
  ['/jwks\n', BAD_PLACE],
];

for (const [value, problem] of PLACES) {
  test(`checkJwks: ${JSON.stringify(value)} ${problem === undefined ? 'is valid' : 'is refused'}: a location or a URL, as the endpoint is (S21)`, (t) =>
    t.is(checkJwks(value), problem));
}

const NAMES: [sentence: string, value: string][] = [
  ['nothing', ''],
  ['one', 'email'],
  ['several', 'email name'],
  ['spaces around them', '  email   name '],
  ['a URL, as claims of an organization have (RFC 7519 §4.2)', 'https://example.com/role'],
  ["colons, as ZITADEL's", 'urn:zitadel:iam:user:metadata'],
  ['a name that only begins like one of ours', 'subject expires audience'],
  ['another case than one of ours', 'Sub EXP'],
];

for (const [sentence, value] of NAMES) {
  test(`checkMintClaims: takes ${sentence}`, (t) => t.is(checkMintClaims(value), undefined));
}

const OWN = [
  ...['iss', 'sub', 'client_id', 'azp', 'scope', 'aud', 'iat', 'exp', 'nbf', 'jti'],
  ...['auth_time', 'acr', 'amr', 'cnf'],
  ...['active', 'token_type', 'token_use', 'typ'],
  '__proto__',
];

for (const name of OWN) {
  test(`checkMintClaims: ${name} is refused wherever it stands: no answer sets what the gateway says itself (RFC 9068 §2.2)`, (t) => {
    const problem = `must not name ${name}: the gateway sets that claim itself, or it says nothing of the user`;
    for (const value of [name, `email ${name}`, `${name} email`, ` ${name} `]) {
      t.is(checkMintClaims(value), problem, value);
    }
  });
}

const CHARACTERS =
  'must be names of members separated by spaces: printable ASCII without quotes, commas and backslashes';

for (const value of ['a"b', 'a\\b', 'a\tb', 'a\nb', 'email\n', 'é', '\u0000', 'secret\u007f']) {
  test(`checkMintClaims: ${JSON.stringify(value)} is refused, and not repeated (S101, S108)`, (t) =>
    t.is(checkMintClaims(value), CHARACTERS));
}
