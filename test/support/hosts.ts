// Addresses for the nginx that tests start.
let hosts = 0;

/** An address of the loopback network that no other test uses, so that no two gateways use the same port. */
export function nextHost(): string {
  hosts = (hosts % 250) + 1;
  return `127.${(process.pid >> 8) & 0xff || 1}.${process.pid & 0xff}.${hosts}`;
}
