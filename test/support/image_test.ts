// Tests on a running gateway of the image.
import test, { type ExecutionContext } from 'ava';
import { request } from 'undici';
import { type ContainerOptions, type Gateway, inTurn, startGateway } from './container.js';

export type Run = (t: ExecutionContext, gateway: Gateway) => Promise<void>;

/** Declares a test on a gateway; its log is shown when it fails. */
export function imageTest(title: string, options: ContainerOptions, run: Run): void {
  test(title, (t) => inTurn(() => onGateway(t, options, run)));
}

/** Like {@link imageTest}, but inside a test. */
export async function onGateway(t: ExecutionContext, options: ContainerOptions, run: Run): Promise<void> {
  const gateway = await startGateway(options);
  try {
    await run(t, gateway);
  } catch (error) {
    t.log(await gateway.logs());
    throw error;
  } finally {
    await gateway.stop();
  }
}

/** A request with a token, or without one. */
export async function call(url: string, token?: string, path = '/orders/1?a=b') {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { statusCode, headers: answered, body } = await request(url + path, { headers });
  return { status: statusCode, challenge: answered['www-authenticate'], body: await body.text() };
}
