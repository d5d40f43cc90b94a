import test from 'ava';
import {
  hasDotSegment,
  isTargetUri,
  normalizeUri,
  withoutQuery,
} from '../../../src/core/sender/target_uri.js';

const EQUAL: [sentence: string, uri: string, normalized: string | undefined][] = [
  [
    'scheme and host have no case (RFC 3986 §6.2.2.1)',
    'HTTPS://API.Example.COM/a',
    'https://api.example.com/a',
  ],
  ['a path has one', 'https://a/B', 'https://a/B'],
  ['escapes have none', 'https://a/%c3%a9', 'https://a/%C3%A9'],
  ['an unreserved character is written as it is (§6.2.2.2)', 'https://a/%7Eb%2dc%41', 'https://a/~b-cA'],
  ['a reserved one stays escaped: it may mean another path', 'https://a/b%2Fc%3F', 'https://a/b%2Fc%3F'],
  ['dot segments are removed (§6.2.2.3)', 'https://a/b/../c/./d', 'https://a/c/d'],
  ['also escaped ones', 'https://a/b/%2e%2E/c', 'https://a/c'],
  ['also the last one', 'https://a/b/..', 'https://a/'],
  ['a last one leaves its slash', 'https://a/b/c/..', 'https://a/b/'],
  ['also a single dot', 'https://a/b/.', 'https://a/b/'],
  ['there is nothing above the root', 'https://a/../../b', 'https://a/b'],
  ['a segment may begin with a dot', 'https://a/.well-known/..b', 'https://a/.well-known/..b'],
  ['an empty path is the root (§6.2.3)', 'https://a', 'https://a/'],
  ["the scheme's own port is left out", 'https://a:443/b', 'https://a/b'],
  ['also for http', 'http://a:80/b', 'http://a/b'],
  ['an empty port as well', 'https://a:/b', 'https://a/b'],
  ['also for http', 'http://a:/b', 'http://a/b'],
  ['a port that begins so is another one', 'https://a:4430/b', 'https://a:4430/b'],
  ['also for http', 'http://a:8080/b', 'http://a:8080/b'],
  ['another port is not', 'https://a:80/b', 'https://a:80/b'],
  ['slashes are not merged', 'https://a//b', 'https://a//b'],
  ['query and fragment are dropped (RFC 9449 §4.3)', 'https://a/b?c=/../d#e', 'https://a/b'],
  ['also of an empty path', 'https://a?b', 'https://a/'],
  ['an IPv6 address', 'https://[::1]:8443/b', 'https://[::1]:8443/b'],
  ['another scheme', 'ftp://a/b', undefined],
  ['a scheme that ends so', 'xhttps://a/b', undefined],
  ['a user', 'https://user@a/b', undefined],
  ['a path alone', '/b', undefined],
  ['nothing', '', undefined],
];

for (const [sentence, uri, normalized] of EQUAL) {
  test(`normalizeUri: ${sentence}: ${uri} is ${normalized ?? 'refused'}`, (t) =>
    t.is(normalizeUri(uri), normalized));
}

const TARGETS: [htu: string, origin: string, requestUri: string, isTarget: boolean][] = [
  ['https://api.example.com/a/b', 'https://api.example.com', '/a/b?c=d', true],
  ['https://api.example.com/a/b?e=f#g', 'https://api.example.com', '/a/b?c=d', true],
  ['https://api.example.com/a/~b', 'https://api.example.com', '/a/%7Eb?c=d', true],
  ['https://api.example.com', 'https://API.example.com:443', '/', true],
  ['https://api.example.com/a/b#c', 'https://api.example.com', '/a/b#d', true],
  ['https://api.example.com/a/b', 'https://api.example.com', '/a', false],
  ['https://api.example.com/a', 'https://api.example.com:8443', '/a', false],
  ['https://api.example.com/a?/b', 'https://api.example.com', '/a/b', false],
  ['/a', 'https://api.example.com', '/a', false],
  ['nothing', 'nowhere', '/a', false],
];

for (const [htu, origin, requestUri, isTarget] of TARGETS) {
  test(`isTargetUri: a proof for ${htu} is ${isTarget ? '' : 'not '}good for ${requestUri} at ${origin}: the origin is that of the settings, query and fragment do not count (RFC 9449 §4.3)`, (t) =>
    t.is(isTargetUri(htu, origin, requestUri), isTarget));
}

const CUT: [requestUri: string, path: string][] = [
  ['/a', '/a'],
  ['/a?b', '/a'],
  ['/?b', '/'],
  ['/a#b', '/a'],
  ['/a?b#c', '/a'],
  ['/a#b?c', '/a'],
  ['', ''],
];

for (const [requestUri, path] of CUT) {
  test(`withoutQuery: of ${requestUri || 'nothing'} it is ${path || 'nothing'}: the query begins with the first ?, the fragment with the first # (RFC 3986 §3)`, (t) =>
    t.is(withoutQuery(requestUri), path));
}

const DOTTED: [path: string, hasDot: boolean][] = [
  ['/a/../b', true],
  ['/a/./b', true],
  ['/a/..', true],
  ['/a/.', true],
  ['/..', true],
  ['/admin%2Fx/../c', true],
  ['/admin%2fx%2f..%2fc', true],
  ['/a/%2e%2e/b', true],
  ['/a/%2E/b', true],
  ['/a//../b', true],
  ['/a/..?x=1', true],
  ['/a/b', false],
  ['/', false],
  ['/a/..b', false],
  ['/a/...', false],
  ['/a.b/c.', false],
  ['/a?b=/../c', false],
  ['/a%2Fb', false],
];

for (const [path, hasDot] of DOTTED) {
  test(`hasDotSegment: ${path}: ${hasDot ? 'nginx may resolve it in another way, so no proof names it' : 'names one path'} (RFC 9449 §4.3, RFC 3986 §5.2.4)`, (t) =>
    t.is(hasDotSegment(path), hasDot));
}

test('a host with letters outside ASCII is none, so that no engine takes it for another host (RFC 3986 §3.2.2)', (t) => {
  for (const letter of ['\u0130', '\u212A', '\u017F', 'é']) {
    t.is(normalizeUri(`https://api${letter}.example.com/`), undefined);
    t.false(isTargetUri(`https://ap${letter}.example.com/a`, 'https://api.example.com', '/a'));
  }
  t.is(normalizeUri('http\u017F://api.example.com/'), undefined);
  t.false(isTargetUri('https://boo\u212As.example.com/a', 'https://books.example.com', '/a'));
});
