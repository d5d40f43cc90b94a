// In what the engines of njs are known to differ from Node, and from each other, without another one being granted anything:
// what such an input says is the authorization server's or the operator's own, whom the gateway trusts for it.

const DIFFERENCES: [what: string, isIn: (text: string) => boolean][] = [
  ['the njs engine takes JSON numbers with leading zeros', (text) => /(^|[^0-9.])-?0\d/.test(text)],
  [
    'the njs engine refuses JSON that is nested more than 31 deep',
    (text) => (text.match(/[[{]/g) ?? []).length > 31,
  ],
  [
    'the njs engine takes ſ, K and İ for s, k and i where case does not count',
    (text) => /[ſ\u212Aİı]/.test(text),
  ],
];

/** Why two verdicts on an input may differ; undefined for no reason that is known. */
export function knownDifference(input: unknown): string | undefined {
  const text = JSON.stringify(input);
  const decoded = (text.match(/[A-Za-z0-9_-]{4,}/g) ?? []).map((part) =>
    Buffer.from(part, 'base64url').toString(),
  );
  // What stands in JSON within JSON is escaped once more.
  const texts = [text, text.replace(/\\(.)/g, '$1'), ...decoded];
  return DIFFERENCES.find(([, isIn]) => texts.some(isIn))?.[0];
}
