// The rows of the table of settings (table.ts) that say how the gateway authenticates at the authorization server.
import { checked, oneOf, oneOfOrEmpty, type SettingRow, text, whole, YEAR_SEC } from './setting_row.js';

export const CLIENT_SETTINGS: readonly SettingRow[] = [
  {
    variable: 'phantom_token_client_id',
    field: 'id',
    text: 'lookup',
    value: text(),
    comment: '',
    meaning: "the gateway's own [credentials](#the-gateways-own-credentials)",
  },
  {
    variable: 'phantom_token_client_auth',
    field: 'authMethod',
    text: 'rest',
    value: oneOfOrEmpty('client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'),
    comment: 'client_secret_basic | client_secret_post | private_key_jwt | none',
    meaning:
      '`client_secret_basic` (implied by an id, a credential, or a URL as endpoint), `client_secret_post`, `private_key_jwt` or `none`',
  },
  {
    variable: 'phantom_token_client_secret',
    field: 'secret',
    text: 'rest',
    value: text(),
    comment: '',
    meaning: 'the secret itself; better use a file',
  },
  {
    variable: 'phantom_token_client_secret_file',
    field: 'secretFile',
    text: 'rest',
    value: checked('checkFile'),
    comment: 'read at each introspection, so a new secret needs no reload',
    meaning: 'absolute path; a line break at the end is not part of the secret',
  },
  {
    variable: 'phantom_token_client_key_file',
    field: 'keyFile',
    text: 'rest',
    value: checked('checkFile'),
    comment: 'PKCS #8, PEM',
    meaning: 'absolute path of the private key',
  },
  {
    variable: 'phantom_token_client_key_algorithm',
    field: 'keyAlgorithm',
    text: 'rest',
    value: oneOf('RS256', 'PS256', 'ES256'),
    comment: 'RS256 | PS256 | ES256',
    meaning: '`RS256`, `PS256` or `ES256`',
  },
  {
    variable: 'phantom_token_client_key_id',
    field: 'keyId',
    text: 'rest',
    value: text(),
    comment: 'kid',
    meaning: '`kid` of the assertion',
  },
  {
    variable: 'phantom_token_client_assertion_audience',
    field: 'assertionAudience',
    text: 'rest',
    value: text(),
    comment: '',
    meaning: '`aud` of the assertion: the issuer of the authorization server',
  },
  {
    variable: 'phantom_token_client_assertion_ttl',
    field: 'assertionTtlSec',
    text: 'rest',
    value: whole(60, 0, YEAR_SEC, 'seconds'),
    comment: '60 (seconds); 0: each assertion is used once',
    meaning:
      'seconds for which an assertion is used again; `0` where the server accepts each only once, as Keycloak and oidc-provider do',
  },
];
