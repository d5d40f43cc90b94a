import test from 'ava';
import {
  checkAccept,
  checkEndpoint,
  checkFile,
  checkFormFields,
  checkSwitch,
} from '../../../src/core/settings/question_checks.js';

const UTF16_CODE_UNITS = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));

const NO_SWITCH = 'is not set in this location: set it to on or off above the include of protect.conf';
const BAD_SWITCH = 'must be on or off';

const SWITCHES: [value: string, problem: string | undefined][] = [
  ['on', undefined],
  ['ON', undefined],
  ['On', undefined],
  ['oN', undefined],
  ['off', undefined],
  ['Off', undefined],
  ['OFF', undefined],
  ['', NO_SWITCH],
  [' ', BAD_SWITCH],
  ['of', BAD_SWITCH],
  ['offf', BAD_SWITCH],
  ['o', BAD_SWITCH],
  ['onn', BAD_SWITCH],
  ['xon', BAD_SWITCH],
  [' on', BAD_SWITCH],
  ['on ', BAD_SWITCH],
  ['0', BAD_SWITCH],
  ['1', BAD_SWITCH],
  ['true', BAD_SWITCH],
  ['yes', BAD_SWITCH],
  ['onoff', BAD_SWITCH],
];

for (const [value, problem] of SWITCHES) {
  test(`checkSwitch: "${value}" ${problem ?? 'is valid'} (S101)`, (t) => t.is(checkSwitch(value), problem));
}

const NO_ENDPOINT = 'is not set: name the internal location that introspects, or an absolute URL';
const BAD_ENDPOINT =
  'must be the path of an internal location, such as /introspect, or an http or https URL; neither with a query';

test('checkEndpoint: an empty endpoint is refused, since it must not let everybody in (S101)', (t) => {
  t.is(checkEndpoint(''), NO_ENDPOINT);
});

const ENDPOINTS: [sentence: string, value: string, isValid: boolean][] = [
  ['a path', '/introspect', true],
  ['the root', '/', true],
  ['a path of two parts', '/as/introspect', true],
  ['a path without its slash', 'introspect', false],
  ['a named location, which no subrequest reaches', '@introspect', false],
  ['every character of a path (RFC 3986 §3.3)', "/a-._~%20!$&'()*+,;=:@/b", true],
  ['an https URL', 'https://as.example.com/introspect', true],
  ['an http URL', 'http://as.example.com/introspect', true],
  ['a URL without a path', 'https://as.example.com', true],
  ['a URL with the root as path', 'https://as.example.com/', true],
  ['a URL with a port (RFC 3986 §3.2.3)', 'https://as.example.com:8443/introspect', true],
  ['a URL of an IPv4 address (RFC 3986 §3.2.2)', 'http://127.0.0.1:8080/introspect', true],
  ['a URL of an IPv6 address (RFC 3986 §3.2.2)', 'http://[::1]:8080/introspect', true],
  ['a URL of a name with _ and -', 'http://my_as-1/introspect', true],
  ['a URL with an @ in its path', 'https://as.example.com/@realm', true],
  ['a URL with arguments, which end in logs (S17)', 'https://as.example.com/introspect?a=b', false],
  ['a URL whose host is followed by arguments (S17)', 'https://as.example.com?a=b', false],
  ['a URL with a fragment', 'https://as.example.com/introspect#a', false],
  ['a URL with user and password, which is no client authentication', 'https://a:b@as.example.com/', false],
  ['a URL with a user', 'https://a@as.example.com/', false],
  [
    'a URL with a variable in its host: one server, not one that a request chooses (S21)',
    'https://$a/',
    false,
  ],
  ['a URL with a percent-encoded host', 'https://as%2eexample.com/', false],
  ['a URL without a host', 'https:///introspect', false],
  ['a scheme alone', 'https://', false],
  ['a URL with one slash', 'https:/as.example.com/', false],
  ['a URL of another scheme', 'ftp://as.example.com/', false],
  ['a URL of a longer scheme', 'httpss://as.example.com/', false],
  ['a URL behind other text', 'xhttps://as.example.com/', false],
  ['a scheme in upper case: one spelling only', 'HTTPS://as.example.com/', false],
  ['a URL without a scheme', 'as.example.com/introspect', false],
  ['a URL with a backslash', 'https://as.example.com\\introspect', false],
  ['a URL with a space in its host', 'https://as example.com/', false],
  ['a URL with a space behind it', 'https://as.example.com/ ', false],
  ['a path with arguments, which end in logs (S17)', '/introspect?a=b', false],
  ['a path with a fragment', '/introspect#a', false],
  ['a path with a space before it', ' /introspect', false],
  ['a path with a space behind it', '/introspect ', false],
  ['a URL with a port of one digit', 'http://127.0.0.1:9', true],
  ['a URL with a port of five digits', 'https://as.example.com:65535/', true],
  ['a URL with a port of six digits', 'https://as.example.com:655350/', false],
  ['a URL with an empty port', 'https://as.example.com:/introspect', false],
  ['a URL with a port that is no number', 'https://as.example.com:https/introspect', false],
  ['a URL with two ports', 'https://as.example.com:443:8443/introspect', false],
  ['a URL with a port and no path', 'https://as.example.com:8443', true],
  ['a URL with a port and no host', 'https://:8443/introspect', false],
  ['a URL of an IPv6 address in full', 'https://[2001:DB8:0:0:8:800:200C:417a]/', true],
  ['a URL of an IPv6 address with an IPv4 one (RFC 4291 §2.2)', 'http://[::ffff:192.0.2.1]/', true],
  ['a URL of an IPv6 address without a path', 'http://[::1]', true],
  ['a URL of an IPv6 address without brackets', 'http://::1/introspect', false],
  ['a URL of an IPv6 address whose bracket is not closed', 'http://[::1/introspect', false],
  ['a URL of an IPv6 address whose bracket is not opened', 'http://::1]/introspect', false],
  ['a URL of empty brackets', 'http://[]/introspect', false],
  ['a URL of a name in brackets', 'http://[as.example.com]/introspect', false],
  ['a URL of an address with a zone, which names an interface', 'http://[fe80::1%25eth0]/', false],
  ['a URL with text between bracket and port', 'http://[::1]x:80/', false],
];

for (const [sentence, value, isValid] of ENDPOINTS) {
  test(`checkEndpoint: ${isValid ? 'may' : 'must not'} be ${sentence}: ${value}`, (t) =>
    t.is(checkEndpoint(value), isValid ? undefined : BAD_ENDPOINT));
}

const isTextCharacter = (code: number) => code >= 0x20 && code !== 0x7f;
const isPathCharacter = (code: number) => code > 0x20 && code <= 0x7e && code !== 0x23 && code !== 0x3f;

const ALPHABETS: [
  name: string,
  check: (value: string) => string | undefined,
  start: string,
  isAllowed: (code: number) => boolean,
  source: string,
][] = [
  ['checkEndpoint', checkEndpoint, '/', isPathCharacter, 'RFC 3986 §3.3'],
  ['checkEndpoint', checkEndpoint, 'https://a/', isPathCharacter, 'RFC 3986 §3.3'],
  ['checkFile', checkFile, '/', isTextCharacter, 'S103'],
];

for (const [name, check, start, isAllowed, source] of ALPHABETS) {
  test(`${name}: of all UTF-16 code units takes behind ${start} only its own (${source})`, (t) => {
    const allowed = UTF16_CODE_UNITS.filter((unit) => isAllowed(unit.charCodeAt(0)));
    for (const end of ['', 'z']) {
      t.deepEqual(
        UTF16_CODE_UNITS.filter((unit) => check(start + unit + end) === undefined),
        allowed,
      );
    }
  });
}

test('checkEndpoint: of all UTF-16 code units the name of a host takes only letters, digits and . - _ (RFC 3986 §3.2.2)', (t) => {
  const accepted = UTF16_CODE_UNITS.filter((unit) => checkEndpoint(`http://a${unit}b`) === undefined);
  // A slash ends the host.
  t.is(accepted.join(''), '-./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');
});

test('checkEndpoint: of all UTF-16 code units an address in brackets takes only hex digits, : and . (RFC 3986 §3.2.2)', (t) => {
  const accepted = UTF16_CODE_UNITS.filter((unit) => checkEndpoint(`http://[:${unit}1]/`) === undefined);
  t.is(accepted.join(''), '.0123456789:ABCDEFabcdef');
});

const FORM_FIELDS: [sentence: string, value: string, isValid: boolean][] = [
  ['one field', 'resource=api', true],
  ['many fields', 'a=b&c=d&e=f', true],
  ['an empty value', 'a=', true],
  ['empty values of many fields', 'a=&b=', true],
  ['percent-encoded characters in a value', 'resource=https%3A%2F%2Fapi%2F%26%3D', true],
  ['a + in a value, which is a space', 'a=b+c', true],
  ['every character that needs no encoding', 'aZ09-._~*+=aZ09-._~*+', true],
  ['a name that only starts with token', 'token_type=a', true],
  ['a name that only starts with one of ours', 'client_ids=a', true],
  ['a name that only ends with one of ours', 'my_client_id=a', true],
  ['a name of ours behind what separates no fields', 'a+client_id=b', true],
  ['one of ours as a value', 'a=client_secret', true],
  ['a name that only ends with token', 'access_token=a', true],
  ['token in another case: names have one', 'Token=a', true],
  ['token as a value', 'a=token', true],
  ['a name alone', 'a', false],
  ['a name alone behind a field', 'a=b&c', false],
  ['a value alone', '=b', false],
  ['an & before the fields', '&a=b', false],
  ['an & behind the fields', 'a=b&', false],
  ['two & between the fields', 'a=b&&c=d', false],
  ['two = in a field', 'a=b=c', false],
  ['a ; between the fields', 'a=b;c=d', false],
  ['a space, which is not encoded', 'a=b c', false],
  ['a quote, which is not encoded', 'a="b"', false],
  ['a slash, which is not encoded', 'a=b/c', false],
  ['a percent-encoded name: no spelling of token gets past the check (S16)', 't%6Fken=a', false],
  ['text outside ASCII', 'a=é', false],
  ['a percent sign at the end', 'a=%', false],
  ['a percent sign with one digit', 'a=%2', false],
  ['a percent sign before what is no hex', 'a=%2G', false],
  ['a percent sign before what is no hex at all', 'a=%zz', false],
  ['an encoded line break, which stays in its value', 'a=%0D%0A', true],
  ['hex digits in both cases', 'a=%2f%2F', true],
  ['a percent sign within a field that another one follows', 'a=%&b=c', false],
  ['nothing, which is no field', '', true],
  ['a line break', 'a=b\n', false],
];

const BAD_FIELDS = 'must be form fields, encoded: name=value&name=value';
const OUR_FIELD = 'must not name a field that the script sends itself';

for (const [sentence, value, isValid] of FORM_FIELDS) {
  test(`checkFormFields: ${isValid ? 'may' : 'must not'} be ${sentence}: ${JSON.stringify(value)}`, (t) =>
    t.is(checkFormFields(value), isValid ? undefined : BAD_FIELDS));
}

for (const name of [
  'token',
  'token_type_hint',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
]) {
  test(`checkFormFields: must not name ${name}: no field stands twice (RFC 6749 §3.2, RFC 7662 §2.1, S16)`, (t) => {
    for (const value of [`${name}=a`, `${name}=`, `a=b&${name}=c`, `a=b&${name}=c&d=e`, `${name}=a&b=c`]) {
      t.is(checkFormFields(value), OUR_FIELD, value);
    }
  });
}

test('checkFormFields: checks many thousand characters quickly', (t) => {
  const fields = 'a=b%2F&'.repeat(10_000);
  t.is(checkFormFields(`${fields}c=d`), undefined);
  t.is(checkFormFields(`${fields}c`), BAD_FIELDS);
  t.is(checkFormFields(`a=${'%2F'.repeat(10_000)}%`), BAD_FIELDS);
});

const PATHS: [value: string, problem: string | undefined][] = [
  ['', undefined],
  ['/', undefined],
  ['/key.pem', undefined],
  ['/run/secrets/my key é', undefined],
  ['/key\u0001', 'must not hold control characters'],
  ['key.pem', 'must be an absolute path'],
  ['./key.pem', 'must be an absolute path'],
  ['../key.pem', 'must be an absolute path'],
  ['~/key.pem', 'must be an absolute path'],
  [' /key.pem', 'must be an absolute path'],
  ['file:///key.pem', 'must be an absolute path'],
];

for (const [value, problem] of PATHS) {
  test(`checkFile: ${JSON.stringify(value)} ${problem ?? 'is valid'}: no path may depend on a working directory`, (t) =>
    t.is(checkFile(value), problem));
}

const ACCEPTS: [value: string, isValid: boolean][] = [
  ['application/jwt', true],
  ['application/json', true],
  ['application/token-introspection+jwt', true],
  ['application/token-introspection+jwt, application/json', true],
  ['application/json;q=0.5,application/jwt', true],
  ['application/json ; q=0.5 , */*', true],
  ['*/*', true],
  ['', false],
  ['json', false],
  ['/json', false],
  ['application/', false],
  ['application/json,', false],
  [', application/json', false],
  [' application/json', false],
  ['application/json ', false],
  ['application/json application/jwt', false],
  ['application/json; a="b"', false],
  ['application/json\n', false],
  ['application/json\r\nX-Admin: 1', false],
  ['application/jsöн', false],
];

for (const [value, isValid] of ACCEPTS) {
  test(`checkAccept: ${JSON.stringify(value)} ${isValid ? 'is valid' : 'is refused'}: media ranges, and no second header (RFC 9110 §12.5.1, S104)`, (t) =>
    t.is(checkAccept(value), isValid ? undefined : 'must be media types, such as application/json'));
}

test('checkAccept: checks many thousand characters quickly', (t) => {
  t.is(checkAccept(`a/b${',a/b'.repeat(10_000)}`), undefined);
  t.not(checkAccept(`a/b${',a/b'.repeat(10_000)}"`), undefined);
  t.not(checkAccept(`a/b${' '.repeat(10_000)}"`), undefined);
});
