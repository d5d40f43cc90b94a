/** The configuration cannot be read. The message is one line, without a full stop. Caught once, in read.ts. */
export class Unreadable extends Error {}
