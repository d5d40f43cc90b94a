// How a configuration is split into words and lines: as ngx_conf_read_token() of nginx does it.
import test from 'ava';
import { type Directive, parseDirectives } from '../../cli/nginx_conf/directive.js';

type Words = [name: string, args: string[], block?: Words[]];

function wordsOf(directives: Directive[]): Words[] {
  return directives.map(({ name, args, block }) =>
    block === undefined ? [name, [...args]] : [name, [...args], wordsOf(block)],
  );
}

const CASES: [what: string, text: string, words: Words[]][] = [
  ['spaces, tabs and line feeds separate words', 'a\tb\r\n c ;', [['a', ['b', 'c']]]],
  [
    'a `;` and a `{` end a word',
    'a b;c{d e;}',
    [
      ['a', ['b']],
      ['c', [], [['d', ['e']]]],
    ],
  ],
  [
    'a comment goes to the end of the line, whatever is in it',
    'a b; # c "d {\ne f;',
    [
      ['a', ['b']],
      ['e', ['f']],
    ],
  ],
  ['a comment between words is none of them', 'a # b;\nc;', [['a', ['c']]]],
  ['`#` inside a word is part of it', 'a b#c;', [['a', ['b#c']]]],
  ['`}` inside a word is part of it', 'a b}c;', [['a', ['b}c']]]],
  ['`{` after `$` is part of the word', `a x\${b}c;`, [['a', [`x\${b}c`]]]],
  ['quotes keep everything together', `a "b; {#}" 'c "d"';`, [['a', ['b; {#}', 'c "d"']]]],
  ['an empty text is a word', `a "" '';`, [['a', ['', '']]]],
  ['a quotation mark inside a word is part of it', `a b"c'd;`, [['a', [`b"c'd`]]]],
  [
    'a quoted text may have line feeds',
    'a "b\nc"; d;',
    [
      ['a', ['b\nc']],
      ['d', []],
    ],
  ],
  ['an escaped quotation mark does not end the text', `a "b\\"c" 'd\\'e';`, [['a', ['b"c', "d'e"]]]],
  ['a backslash before t, r and n makes one character', 'a "b\\tc\\nd";', [['a', ['b\tc\nd']]]],
  ['two backslashes are one', 'a b\\\\c;', [['a', ['b\\c']]]],
  [
    'a backslash before another character stays, as in patterns',
    'a \\.css$ "\\d+";',
    [['a', ['\\.css$', '\\d+']]],
  ],
  ['an escaped `;` or space does not end the word', 'a b\\;c\\ d;', [['a', ['b\\;c\\ d']]]],
  [
    'lines of a map are directives, and so is an empty key',
    'map $a $b { "" x; ~^y z; }',
    [
      [
        'map',
        ['$a', '$b'],
        [
          ['', ['x']],
          ['~^y', ['z']],
        ],
      ],
    ],
  ],
  [
    'Lua in its block is no configuration',
    'a_by_lua_block { if x then y = {"it\'s"} end } b;',
    [
      ['a_by_lua_block', [], []],
      ['b', []],
    ],
  ],
];

for (const [what, text, words] of CASES) {
  test(`words: ${what}`, (t) => {
    t.deepEqual(wordsOf(parseDirectives(text, 'nginx.conf')), words);
  });
}

test('a directive has the line of its first word, with line feeds of Unix and of Windows', (t) => {
  for (const end of ['\n', '\r\n']) {
    const text = ['# one', 'a', '  b "c', 'd";', '', 'e {', '  f; g;', '}', 'h;'].join(end);
    const [a, e, h] = parseDirectives(text, 'nginx.conf');
    t.deepEqual([a?.line, e?.line, ...(e?.block ?? []).map(({ line }) => line), h?.line], [2, 6, 7, 7, 9]);
  }
});

test('the place of a directive is from its first word to its `;` or `{`', (t) => {
  const text = '# a\r\nuser  "b c"; http\n{ server { listen # d;\n 80 ; } }';
  const heads: string[] = [];
  const collect = (directives: readonly Directive[]) => {
    for (const { head, block } of directives) {
      heads.push(text.slice(head.begin, head.end));
      if (block !== undefined) collect(block);
    }
  };
  collect(parseDirectives(text, 'nginx.conf'));
  t.deepEqual(heads, ['user  "b c";', 'http\n{', 'server {', 'listen # d;\n 80 ;']);
});
