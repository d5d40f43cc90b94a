import test from 'ava';
import { isPreflight } from '../../../src/core/request/preflight.js';

type Row = [sentence: string, method: string, origin: string, requestedMethod: string, expected: boolean];

const REQUESTS: Row[] = [
  [
    'OPTIONS with Origin and Access-Control-Request-Method is a preflight (Fetch, CORS-preflight fetch)',
    'OPTIONS',
    'https://app.example.com',
    'POST',
    true,
  ],
  ['an opaque origin is an origin (Fetch, Origin header)', 'OPTIONS', 'null', 'GET', true],
  ['OPTIONS alone is no preflight (S98)', 'OPTIONS', '', '', false],
  ['OPTIONS without Origin is no preflight (S98)', 'OPTIONS', '', 'POST', false],
  [
    'OPTIONS without Access-Control-Request-Method is no preflight (S98)',
    'OPTIONS',
    'https://app.example.com',
    '',
    false,
  ],
  ['GET is no preflight, with any headers (S100)', 'GET', 'https://app.example.com', 'POST', false],
  ['POST is no preflight, with any headers (S100)', 'POST', 'https://app.example.com', 'OPTIONS', false],
  ['HEAD is none (S99)', 'HEAD', 'https://app.example.com', 'GET', false],
  ['an absent method is none', '', 'https://app.example.com', 'GET', false],
  ['methods are case-sensitive (RFC 9110 §9.1)', 'options', 'https://app.example.com', 'GET', false],
  ['a longer method is another one (S99)', 'OPTIONSX', 'https://app.example.com', 'GET', false],
];

for (const [sentence, method, origin, requestedMethod, expected] of REQUESTS) {
  test(`isPreflight: ${sentence}`, (t) => t.is(isPreflight(method, origin, requestedMethod), expected));
}
