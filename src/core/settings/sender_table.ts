// The rows of the table of settings (table.ts) on tokens that are bound to a key of their client.
import { checked, oneOf, type SettingRow, text, whole } from './setting_row.js';

/** They select the record, and a location that sets none of them pays for none: `$_phantom_signatures`. */
export const SENDER_SETTINGS: readonly SettingRow[] = [
  {
    variable: 'phantom_token_sender_constraint',
    field: 'constraint',
    text: 'signatures',
    value: oneOf('refuse', 'verify', 'require'),
    comment: 'refuse | verify | require: tokens that are bound to a key',
    meaning:
      'tokens that are [bound to a key](sender_constrained.md): `refuse` refuses them, `verify` checks that the client holds the key and takes unbound ones as Bearer, `require` refuses unbound ones',
  },
  {
    variable: 'phantom_token_dpop_origin',
    field: 'dpopOrigin',
    text: 'signatures',
    value: checked('checkOrigin'),
    comment: 'scheme and host that clients use, https://api.example.com',
    meaning:
      'scheme and authority that clients use, such as `https://api.example.com`: what the `htu` of a DPoP proof begins with. Required for DPoP',
  },
  {
    variable: 'phantom_token_dpop_max_age',
    field: 'dpopMaxAgeSec',
    text: 'signatures',
    value: whole(60, 1, 3600, 'seconds'),
    comment: '60 (seconds)',
    meaning: 'seconds that the `iat` of a DPoP proof may lie back',
  },
  {
    variable: 'phantom_token_dpop_nonce',
    field: 'dpopNonce',
    text: 'signatures',
    value: oneOf('off', 'on'),
    comment: 'off | on: proofs need a nonce of the gateway',
    meaning: '`on`: a DPoP proof needs [a nonce of the gateway](sender_constrained.md#nonces) (RFC 9449 §9)',
  },
];

/** Those of every location. */
export const CHALLENGE_SETTINGS: readonly SettingRow[] = [
  {
    variable: 'phantom_token_caller_certificate',
    field: '',
    text: 'nginx',
    value: text(),
    comment: "the client's certificate, such as $ssl_client_raw_cert",
    meaning:
      "the client's certificate: PEM, URL-encoded PEM, or DER in base64 (RFC 9440), such as `$ssl_client_raw_cert` or [a trusted proxy's header](sender_constrained.md#behind-a-tls-terminator)",
  },
  {
    variable: 'phantom_token_resource_metadata',
    field: 'resourceMetadata',
    text: 'rest',
    value: checked('checkMetadataUrl'),
    comment: 'URL for the challenge (RFC 9728)',
    meaning: 'URL of the RFC 9728 document, named as `resource_metadata` in each challenge',
  },
];
