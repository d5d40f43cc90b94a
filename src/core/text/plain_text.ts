const CONTROL = /[\x00-\x1F\x7F]/;

/** Whether the text holds no control character, so that it may stand in one line of a record or of joined settings. */
export function isPlainText(text: string): boolean {
  return !CONTROL.test(text);
}
