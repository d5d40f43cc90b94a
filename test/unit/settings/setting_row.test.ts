import test from 'ava';
import { oneOf, oneOfOrEmpty, scopes, text, whole } from '../../../src/core/settings/setting_row.js';

test('whole: has the default as a line has it', (t) => {
  t.deepEqual(whole(60, 0, 100, 'seconds'), {
    is: 'whole',
    least: 0,
    most: 100,
    unit: 'seconds',
    defaultValue: '60',
  });
});

test('oneOf: the first word is the default', (t) => {
  t.deepEqual(oneOf('one', 'two'), { is: 'word', words: ['one', 'two'], defaultValue: 'one' });
});

test('oneOfOrEmpty: none of the words is the default', (t) => {
  t.deepEqual(oneOfOrEmpty('one', 'two'), { is: 'word', words: ['one', 'two'], defaultValue: '' });
});

test('text, scopes: empty when nothing is set', (t) => {
  t.deepEqual([text().defaultValue, scopes().defaultValue], ['', '']);
});
