// The texts in which nginx hands over the settings of a location.
import fc from 'fast-check';
import { Lines } from '../../../src/core/settings/lines.js';
import { edited } from '../inputs.js';
import { corpusOf, firstFalse, target } from '../target.js';

/** Good values by line; '' for the others. */
const REQUEST = [
  'here on',
  'read write',
  'api',
  'https://as.example.com',
  '60',
  '300',
  '443 api.example.com',
  '/introspect',
  'jwt',
  '65536',
  'a=b&c=d',
  'obey',
  'application/json',
];
const REST = [
  'api',
  'read',
  'answer',
  '5',
  '0',
  '10',
  '5',
  '2',
  '500',
  'https://rs.example.net/.well-known/oauth-protected-resource',
];
const SIGNATURES = [
  '/jwks',
  'on',
  'off',
  '/etc/key.json',
  'https://gateway.example.com',
  'api',
  'name',
  '600',
  'verify',
  'https://rs.example.net',
  '60',
  'on',
  '',
  '',
];

function lineOf(value: string, isRequired = false): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant(isRequired ? value : '') },
    { weight: 4, arbitrary: fc.constant(value) },
    { weight: 1, arbitrary: edited(fc.constant(value), 1) },
  );
}

const signatureLine = fc.oneof(
  fc.constant(''),
  fc.tuple(...SIGNATURES.map((value) => lineOf(value))).map((values) => values.join('\t')),
);

const request = fc.tuple(
  ...Array.from({ length: Lines.request }, (_, i) =>
    i === Lines.signatureLine
      ? signatureLine
      : i === Lines.clientId
        ? lineOf('gateway-client')
        : i === Lines.request - 1
          ? lineOf('Bearer opaque-Token-1234', true)
          : lineOf(REQUEST[i] ?? '', i === 0 || i === 7),
  ),
);
const rest = fc.tuple(
  ...Array.from({ length: Lines.rest }, (_, i) => lineOf(REST[i] ?? 'gateway-Secret-5678')),
);

export const location = target({
  name: 'location',
  inputs: fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(...corpusOf('location')) },
    { weight: 20, arbitrary: fc.record({ request, rest }) },
  ),
  accepts: (verdict) => verdict?.settings.kind === 'settings',
  findFault(input, verdict) {
    const lines = input.request.join('\n').split('\n').length;
    const restLines = input.rest.join('\n').split('\n').length;
    if (verdict === undefined) {
      return firstFalse([
        'texts with their lines are taken apart',
        lines !== Lines.request || restLines !== Lines.rest,
      ]);
    }
    const { settings, signatures } = verdict;
    if (settings.kind === 'misconfiguration') {
      const values = [...input.request, ...input.rest].flatMap((line) => line.split('\t'));
      return firstFalse(
        ['a mistake names a variable, in one line', /^[ -~§]+$/.test(settings.problem)],
        [
          'a mistake quotes no value',
          !values.some(
            (value) => value.length > 16 && settings.problem.replace(/ such as .*/, '').includes(value),
          ),
        ],
      );
    }
    return firstFalse(
      ['a line too many is never read', lines === Lines.request && restLines === Lines.rest],
      [
        'only a location that is switched on or off is read',
        /^here (on|off)$/i.test(input.request[0] as string),
      ],
      [
        'times and counts are whole',
        [
          settings.clockSkewSec,
          settings.cacheTtlSec,
          settings.maxJwtLength,
          settings.introspectionTimeoutSec,
        ].every((n) => Number.isInteger(n) && n >= 0),
      ],
      [
        'what is asked for is what the line says',
        settings.audience === input.request[2] && settings.issuer === input.request[3],
      ],
      [
        'every scope that is asked for is asked for',
        settings.requiredScopes.join(' ') ===
          (input.request[1] as string).split(' ').filter(Boolean).join(' '),
      ],
      [
        'a client is taken at its word only with keys, issuer and audience',
        signatures?.acceptJwt !== 'on' ||
          (signatures.jwks !== '' && settings.issuer !== '' && settings.audience !== ''),
      ],
      [
        'who signs has key and issuer',
        signatures === undefined ||
          signatures.mint === 'off' ||
          (signatures.mintKeyFile !== '' && signatures.mintIssuer !== ''),
      ],
      [
        'a constraint that is set is held',
        (input.request[Lines.signatureLine] as string).split('\t')[8] !== 'require' ||
          settings.sender?.constraint === 'require',
      ],
    );
  },
});
