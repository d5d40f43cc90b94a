import test from 'ava';
import { activeAnswer, inactiveAnswer } from '../../../src/core/answer/json_answer.js';
import { makeJwt } from '../../support/jwt.js';

test('activeAnswer: the claims of the JWT, and the JWT itself (RFC 7662 §2.2)', (t) => {
  const jwt = makeJwt({ sub: 'alice', exp: 4102444800 });
  t.like(JSON.parse(activeAnswer(jwt)), { sub: 'alice', exp: 4102444800, active: true, phantom_token: jwt });
});

test('activeAnswer: a claim cannot say that the token is inactive, or be taken for the JWT', (t) => {
  const jwt = makeJwt({ active: false, phantom_token: 'other' });
  t.like(JSON.parse(activeAnswer(jwt)), { active: true, phantom_token: jwt });
});

test('activeAnswer: of what is no JWT there are no claims', (t) =>
  t.deepEqual(JSON.parse(activeAnswer('text')), { active: true, phantom_token: 'text' }));

test('inactiveAnswer: says that, and nothing else (RFC 7662 §2.2, §4)', (t) =>
  t.deepEqual(JSON.parse(inactiveAnswer()), { active: false }));
