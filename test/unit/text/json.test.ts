import test from 'ava';
import { parseJsonObject } from '../../../src/core/text/json.js';

const OBJECTS: [sentence: string, text: string, value: object][] = [
  ['an empty object', '{}', {}],
  ['an object with members', '{"a":1,"b":[null]}', { a: 1, b: [null] }],
  ['white space around the object (RFC 8259 §2)', ' \t\r\n{"a":1}\n', { a: 1 }],
  ['of two members with one name the last (RFC 8259 §4, S29)', '{"a":1,"a":2}', { a: 2 }],
  ['an object in an object', '{"a":{"a":{}}}', { a: { a: {} } }],
];

for (const [sentence, text, value] of OBJECTS) {
  test(`parseJsonObject: takes ${sentence}`, (t) => t.deepEqual(parseJsonObject(text), value));
}

const NO_OBJECTS: [sentence: string, text: string][] = [
  ['an empty text', ''],
  ['null, although typeof says object (S28)', 'null'],
  ['a list, although typeof says object (S28)', '[]'],
  ['a list of objects (S28)', '[{}]'],
  ['a string (S28)', '"{}"'],
  ['a number (S28)', '1'],
  ['true (S28)', 'true'],
  ['false (S28)', 'false'],
  ['an object that was cut (S36)', '{"a":1'],
  ['text behind the object (S32)', '{}x'],
  ['two objects (S32)', '{}{}'],
  ['a NUL behind the object (S32)', '{}\u0000'],
  ['a byte order mark before the object (RFC 8259 §8.1, S32)', '\uFEFF{}'],
  ['a control character in a string (RFC 8259 §7, S32)', '{"a":"\u0001"}'],
  ['a trailing comma (RFC 8259 §4)', '{"a":1,}'],
  ['single quotes (RFC 8259 §7)', "{'a':1}"],
  ['a comment (RFC 8259 §2)', '{}/**/'],
  ['nesting that is never closed (S31)', `{"a":${'['.repeat(200_000)}`],
  ['NaN (RFC 8259 §6)', '{"a":NaN}'],
];

for (const [sentence, text] of NO_OBJECTS) {
  test(`parseJsonObject: refuses ${sentence}`, (t) => t.is(parseJsonObject(text), undefined));
}

test('parseJsonObject: __proto__ is a member like any other, and nothing is inherited from it (S30)', (t) => {
  const value = parseJsonObject('{"__proto__":{"active":true}}') as Record<string, unknown>;
  t.true(Object.hasOwn(value, '__proto__'));
  t.is(value.active, undefined);
});
