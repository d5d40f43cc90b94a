// Writes what repeats the declared table of settings (src/core/settings/table.ts): the parsers, the declarations and texts
// of nginx/http.conf, the table of docs/settings.md.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * @typedef {import('../src/core/settings/setting_row.js').SettingRow} SettingRow
 * @typedef {{file: string, text: string}} Written  file: from the root of the repository
 * @typedef {Record<'policy' | 'signatures' | 'request' | 'rest', string[]>} Texts  lines that nginx joins, as it names them
 * @typedef {{name: string, type: string, rows: SettingRow[], hasSender?: boolean}} Parser  type: what it gives; hasSender:
 *   with the settings on bound tokens, which another parser reads from the line on signatures
 * @typedef {Record<string, {check: (value: string) => string | undefined, file: string}>} Checks  by name
 */

const FOLDER = 'src/core/settings';
const CONF = 'nginx/http.conf';
const DOCS = 'docs/settings.md';
/** One line of a lookup, its values with tabs between: empty where none of them decides anything. */
const SIGNATURES = '$_phantom_signatures';
const HEADER =
  '// Generated from the table of settings (table.ts) by `npm run build`: change it there, not here.\n';

/**
 * @param {string} root  of the repository
 * @returns {Promise<Written[]>}
 */
export async function writeSettings(root) {
  /** @type {Record<'LOCATION_SETTINGS' | 'SIGNATURE_SETTINGS' | 'SENDER_SETTINGS' | 'CLIENT_SETTINGS' | 'SETTINGS', SettingRow[]>} */
  const { LOCATION_SETTINGS, SIGNATURE_SETTINGS, SENDER_SETTINGS, CLIENT_SETTINGS, SETTINGS } =
    await importSource(join(root, FOLDER, 'table.ts'));
  const files = ['checks', 'question_checks', 'signature_checks', 'sender_checks'];
  const modules = await Promise.all(files.map((file) => importSource(join(root, FOLDER, `${file}.ts`))));
  /** @type {Checks} */
  const checks = Object.fromEntries(
    modules.flatMap((module, i) =>
      Object.entries(module).map(([name, check]) => [name, { check, file: `${files[i]}` }]),
    ),
  );
  const linesOf = (/** @type {SettingRow['text']} */ text) =>
    SETTINGS.filter((row) => row.text === text).map(({ variable }) => `$${variable}`);
  const policy = linesOf('policy');
  // What is verified depends on the issuer and the audience, too: so they select the record.
  const signatures = [...linesOf('signatures'), '$phantom_token_issuer', '$phantom_token_audience'];
  const [clientId = '', ...ofLocation] = linesOf('lookup').reverse();
  const lookup = ['$_phantom_part', ...ofLocation.reverse(), SIGNATURES, clientId, '$_phantom_credential'];
  /** @type {Texts} */
  const texts = {
    policy,
    signatures,
    request: ['$_phantom_state $phantom_token', ...policy, ...lookup],
    rest: linesOf('rest'),
  };
  const parser = (/** @type {Parser} */ parts) => ({
    file: `${FOLDER}/parse_${parts.name}.ts`,
    text: writeParser(parts, texts, checks),
  });
  const conf = await readFile(join(root, CONF), 'utf8');
  const docs = await readFile(join(root, DOCS), 'utf8');
  return [
    { file: `${FOLDER}/lines.ts`, text: writeLines(texts, LOCATION_SETTINGS) },
    parser({
      name: 'policy',
      type: 'Policy',
      rows: LOCATION_SETTINGS.filter(({ text }) => text === 'policy'),
    }),
    parser({
      name: 'refusal',
      type: 'RefusalSettings',
      rows: LOCATION_SETTINGS.filter(isForRefusal),
      hasSender: true,
    }),
    parser({ name: 'settings', type: 'Settings', rows: LOCATION_SETTINGS, hasSender: true }),
    parser({ name: 'signature_settings', type: 'SignatureSettings', rows: SIGNATURE_SETTINGS }),
    parser({ name: 'sender_settings', type: 'SenderSettings', rows: SENDER_SETTINGS }),
    parser({ name: 'client_settings', type: 'ClientSettings', rows: CLIENT_SETTINGS }),
    {
      file: CONF,
      text: fillBlocks(conf, {
        settings: LOCATION_SETTINGS.map(declare),
        'signature settings': SIGNATURE_SETTINGS.map(declare),
        'sender settings': SENDER_SETTINGS.map(declare),
        'client settings': CLIENT_SETTINGS.map(declare),
        policy: [joined(policy, '\\n')],
        signatures: ['    "" "";', joined(signatures, '\\t')],
        request: [joined(texts.request, '\\n')],
        rest: [joined(texts.rest, '\\n')],
      }),
    },
    {
      file: DOCS,
      text: fillBlocks(docs, {
        settings: ['', '| variable | default | meaning |', '|---|---|---|', ...SETTINGS.map(docsRow), ''],
      }),
    },
  ];
}

/**
 * What a source of the script exports.
 * @param {string} path
 */
async function importSource(path) {
  const { outputFiles } = await build({ entryPoints: [path], bundle: true, write: false, format: 'esm' });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString('base64');
  return import(`data:text/javascript;base64,${code}`);
}

/**
 * @param {Texts} texts
 * @param {SettingRow[]} rows
 */
function writeLines(texts, rows) {
  const counts = Object.entries(texts).map(([name, lines]) => `  ${name} = ${lines.length},\n`);
  const ofLocation = rows.filter(({ text }) => text === 'rest').length;
  const defaults = rows.flatMap(({ text, field, value }) =>
    text === 'policy' && value.is === 'whole' ? [`  ${field} = ${value.defaultValue},\n`] : [],
  );
  return `${HEADER}// biome-ignore-all lint/suspicious/noDuplicateEnumValues: a count may be equal to a place

/** How many lines each text has while no value holds a line break. */
export enum Lines {
${counts.join('')}  /** The first lines of \`rest\`; the others are client settings. */
  restOfLocation = ${ofLocation},
  /** Of \`request\`: the line of the client's id. */
  clientId = ${texts.request.indexOf('$phantom_token_client_id')},
  /** Of \`request\`: the line on signatures, of \`signatures\` values. */
  signatureLine = ${texts.request.indexOf(SIGNATURES)},
}

/** What a record knows the result of: write_record.ts. */
export enum PolicyDefault {
${defaults.join('')}}
`;
}

/** @param {SettingRow} row */
function isForRefusal({ field }) {
  return ['requiredScopes', 'realm', 'scopes', 'negativeCacheTtlSec', 'resourceMetadata'].includes(field);
}

/**
 * @param {Parser} parser
 * @param {Texts} texts
 * @param {Checks} checks
 */
function writeParser({ name, type, rows, hasSender }, texts, checks) {
  /** @type {(keyof Texts)[]} */
  const parameters =
    type === 'Policy'
      ? ['policy']
      : ['SignatureSettings', 'SenderSettings'].includes(type)
        ? ['signatures']
        : ['request', 'rest'];
  const from = name.endsWith('_settings') ? name : 'settings';
  const kind = name === from ? `    kind: '${from}',\n` : '';
  const fields = rows
    .filter(({ field }) => field !== '')
    .map((row) => `    ${row.field}: ${readCall(row, type, parameters, texts, checks)},\n`)
    .join('');
  const signatureLine = `request[${texts.request.indexOf(SIGNATURES)}]`;
  const sender = `    sender: ${signatureLine} === '' ? undefined : readSender(findings, ${signatureLine} as string),\n`;
  const used = (/** @type {RegExp} */ pattern) => [...new Set(fields.match(pattern))].sort();
  const importsOf = (/** @type {string} */ file) => {
    const names = used(/\bcheck\w+/g).filter((check) => checks[check]?.file === file);
    return names.length === 0 ? '' : `import { ${names.join(', ')} } from './${file}.js';\n`;
  };
  return `${HEADER}${importsOf('checks')}${importsOf('question_checks')}${importsOf('signature_checks')}${importsOf('sender_checks')}import { type Findings, ${used(/\bread\w+/g).join(', ')} } from './reading.js';
${hasSender ? "import { readSender } from './sender_settings.js';\n" : ''}import type { ${type} } from './${from}.js';

export function read${type}(
  findings: Findings,
${parameters.map((parameter) => `  ${parameter}: readonly string[],\n`).join('')}): ${type} {
  return {
${kind}${fields}${hasSender ? sender : ''}  };
}
`;
}

/**
 * @param {SettingRow} row
 * @param {string} type
 * @param {(keyof Texts)[]} parameters
 * @param {Texts} texts
 * @param {Checks} checks
 */
function readCall({ variable, field, value }, type, parameters, texts, checks) {
  const text = parameters.find((name) => texts[name].includes(`$${variable}`)) ?? 'rest';
  const line = `${text}[${texts[text].indexOf(`$${variable}`)}]`;
  const head = `(findings, '${variable}', ${line} as string`;
  const orDefault = (/** @type {string} */ defaultValue) => `${line} === '' ? ${defaultValue} : `;
  switch (value.is) {
    case 'scopes':
      return `${orDefault('[]')}readScopes${head})`;
    case 'whole':
      return `${orDefault(value.defaultValue)}readWhole${head}, ${value.least}, ${value.most}, '${value.unit}')`;
    case 'word':
      return `(${orDefault(`'${value.defaultValue}'`)}readWord${head}, '${value.words.join(' ')}')) as ${type}['${field}']`;
    case 'checked': {
      const isOptional = checks[value.check]?.check(value.defaultValue) === undefined;
      return `${isOptional ? orDefault(`'${value.defaultValue}'`) : ''}readChecked${head}, ${value.check})`;
    }
  }
}

/** @param {SettingRow} row */
function declare({ variable, comment }) {
  const declaration = `js_var $${variable};`;
  return comment === '' ? declaration : `${declaration.padEnd(47)} # ${comment}`;
}

/**
 * @param {string[]} values
 * @param {string} separator  as nginx.conf spells it
 */
function joined(values, separator) {
  return `    default "${values.join(separator)}";`;
}

/** @param {SettingRow} row */
function docsRow({ variable, value, meaning }) {
  const range = value.is === 'whole' ? `; from ${value.least} to ${value.most}` : '';
  return `| \`$${variable}\` | ${value.defaultValue && `\`${value.defaultValue}\` `}| ${meaning}${range} |`;
}

/**
 * Replaces what stands between the marks `generated: <name>` and `end of generated`, each on a line of its own.
 * @param {string} page
 * @param {Record<string, string[]>} blocks  lines, by name
 */
function fillBlocks(page, blocks) {
  return Object.entries(blocks).reduce((text, [name, lines]) => {
    const block = new RegExp(
      `(^.*\\bgenerated: ${name}\\b.*\\n)(?:(?!generated:)[^])*?(^.*\\bend of generated\\b)`,
      'm',
    );
    if (!block.test(text)) throw new Error(`no block "generated: ${name}" in:\n${text.slice(0, 200)}`);
    return text.replace(
      block,
      (_all, begin, end) => `${begin}${lines.map((line) => `${line}\n`).join('')}${end}`,
    );
  }, page);
}
