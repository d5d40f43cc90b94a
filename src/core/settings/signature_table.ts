// The rows of the table of settings (table.ts) on signatures: those of the authorization server, which the gateway verifies, and
// those of JWTs that it signs itself.
import { checked, oneOf, type SettingRow, text, whole } from './setting_row.js';

export const SIGNATURE_SETTINGS: readonly SettingRow[] = [
  {
    variable: 'phantom_token_jwks',
    field: 'jwks',
    text: 'signatures',
    value: checked('checkJwks'),
    comment: "the authorization server's keys: internal location, or an http(s) URL",
    meaning:
      "where the authorization server's keys are: an internal location that includes `jwks.conf`, or an absolute http(s) URL. When set, every JWT of the server [is verified](authorization_servers/README.md#verified-signatures)",
  },
  {
    variable: 'phantom_token_accept_jwt',
    field: 'acceptJwt',
    text: 'signatures',
    value: oneOf('off', 'on'),
    comment: 'off | on: JWTs that clients present are verified, not introspected',
    meaning:
      '`on`: a JWT that the client presents [is verified here](authorization_servers/README.md#mixed-traffic) and forwarded without introspection; needs `$phantom_token_jwks`, `_issuer` and `_audience`',
  },
  {
    variable: 'phantom_token_mint',
    field: 'mint',
    text: 'signatures',
    value: oneOf('off', 'missing', 'always'),
    comment: 'off | missing | always: when the gateway signs a JWT itself',
    meaning:
      "`missing`: the gateway [signs a JWT](minting.md) for an active token whose answer has none; `always`: also in place of the server's own",
  },
  {
    variable: 'phantom_token_mint_key_file',
    field: 'mintKeyFile',
    text: 'signatures',
    value: checked('checkFile'),
    comment: 'JWK Set, JWK or PKCS #8 PEM; read whenever a JWT is signed',
    meaning:
      'absolute path of [the signing key](minting.md#the-key): JWK Set, JWK, or PKCS #8 PEM; of a set the first private key signs',
  },
  {
    variable: 'phantom_token_mint_issuer',
    field: 'mintIssuer',
    text: 'signatures',
    value: text(),
    comment: '`iss` of what the gateway signs',
    meaning: '`iss` of what the gateway signs; needed where it signs',
  },
  {
    variable: 'phantom_token_mint_audience',
    field: 'mintAudience',
    text: 'signatures',
    value: checked('checkMintAudience'),
    comment: '`aud`, several separated by spaces; empty: that of the answer',
    meaning: "`aud`, one or several separated by spaces; empty: the answer's `aud`",
  },
  {
    variable: 'phantom_token_mint_claims',
    field: 'mintClaims',
    text: 'signatures',
    value: checked('checkMintClaims'),
    comment: 'further members of the answer to copy, separated by spaces',
    meaning: 'names of further members of the answer to copy, separated by spaces',
  },
  {
    variable: 'phantom_token_mint_ttl',
    field: 'mintTtlSec',
    text: 'signatures',
    value: whole(600, 60, 86400, 'seconds'),
    comment: '600 (seconds)',
    meaning: "seconds that a signed JWT is valid; never longer than the token's own `exp`",
  },
];
