// What a signature of the gateway's own is made over.

/** Header and claims, each base64url-encoded JSON, with a dot between (RFC 7515 §5.1). Members that are undefined are left out. */
export function jwsInput(header: object, claims: object): string {
  return `${encodePart(header)}.${encodePart(claims)}`;
}

function encodePart(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
