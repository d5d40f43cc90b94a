import test from 'ava';
import { Lines } from '../../../src/core/settings/lines.js';
import { signatureLineOf } from '../../../src/core/settings/location_texts.js';
import { readSender } from '../../../src/core/settings/sender_settings.js';
import { textsWith, type Values } from '../../support/joined_texts.js';

const VERIFIED = { phantom_token_sender_constraint: 'verify' };

function read(values: Values, problem = '') {
  const findings = { problem };
  return { sender: readSender(findings, signatureLineOf(textsWith(values))), problem: findings.problem };
}

test('readSender: what a location says of bound tokens, with its defaults', (t) => {
  t.deepEqual(read(VERIFIED), {
    sender: {
      kind: 'sender_settings',
      constraint: 'verify',
      dpopOrigin: '',
      dpopMaxAgeSec: 60,
      dpopNonce: 'off',
    },
    problem: '',
  });
});

test('readSender: another line gives its own settings, and the first one its own again: none is that of a neighbour', (t) => {
  const required = { phantom_token_sender_constraint: 'require' };
  for (const values of [VERIFIED, required, VERIFIED, VERIFIED]) {
    t.is(read(values).sender?.constraint, values === VERIFIED ? 'verify' : 'require');
  }
});

test('readSender: where bound tokens are refused there are no such settings, whatever else the line says', (t) => {
  for (const values of [{ phantom_token_mint: 'always' }, { phantom_token_sender_constraint: 'refuse' }]) {
    t.deepEqual(read({ ...values, phantom_token_dpop_origin: 'https://api.example.com' }), {
      sender: undefined,
      problem: '',
    });
  }
});

test('readSender: a mistake is found each time, and the first mistake of a location is the one that is named', (t) => {
  const wrong = { ...VERIFIED, phantom_token_dpop_origin: 'nowhere' };
  const problem =
    '$phantom_token_dpop_origin must be scheme and authority, such as https://api.example.com, without a path';
  t.is(read(wrong).problem, problem);
  t.is(read(wrong).problem, problem);
  t.is(read(wrong, '$other is wrong').problem, '$other is wrong');
});

test('readSender: a line with a value too many or too few gives no settings, so that no value is read as that of another', (t) => {
  const line = signatureLineOf(textsWith(VERIFIED));
  t.is(line.split('\t').length, Lines.signatures);
  for (const broken of [`${line}\t`, line.replace('\t', '')]) {
    t.is(readSender({ problem: '' }, broken), undefined);
  }
});
