/** A JSON object from outside: nothing about its members is known yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses text that must be one JSON object (RFC 8259).
 * @returns undefined for anything else: broken text, an array, null, a bare string, nesting that the engine refuses.
 *   Of two members with one name the last wins, on every engine.
 */
export function parseJsonObject(text: string): JsonObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (_broken) {
    // The exception is dropped unseen: under QuickJS its text quotes the input.
    return undefined;
  }
  return isObject(value) ? value : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
