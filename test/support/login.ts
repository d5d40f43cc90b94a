// What oidc-provider needs for the authorization code flow with clients that register themselves (RFC 7591): anybody
// logs in as one user and consents, without a page. And the browser that walks through it.
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';

const USER = 'alice';
const LOGIN_PATH = '/login/';
const HOUR_SEC = 3600;
/** Authorization, login, resumed authorization, consent, resumed authorization, callback. */
const MAX_REDIRECTS = 10;

/** Options for `startAuthorizationServer`. */
export const LOGIN = {
  configure: (configuration: Configuration): Configuration => ({
    ...configuration,
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_ctx, interaction) => LOGIN_PATH + interaction.uid },
    ttl: {
      ...configuration.ttl,
      AccessToken: HOUR_SEC,
      AuthorizationCode: 60,
      Grant: HOUR_SEC,
      Interaction: HOUR_SEC,
      Session: HOUR_SEC,
    },
    features: { ...configuration.features, registration: { enabled: true } },
  }),
  extend: (provider: Provider): void => {
    provider.use((ctx, next) => logIn(provider, ctx as KoaContextWithOIDC, next));
  },
};

async function logIn(
  provider: Provider,
  ctx: KoaContextWithOIDC,
  next: () => Promise<unknown>,
): Promise<void> {
  if (!ctx.path.startsWith(LOGIN_PATH)) {
    await next();
    return;
  }
  const { prompt, params } = await provider.interactionDetails(ctx.req, ctx.res);
  const result =
    prompt.name === 'login'
      ? { login: { accountId: USER } }
      : { consent: { grantId: await consent(provider, params) } };
  ctx.respond = false;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
}

function consent(provider: Provider, params: Record<string, unknown>): Promise<string> {
  const grant = new provider.Grant({ accountId: USER, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  grant.addResourceScope(String(params.resource), String(params.scope));
  return grant.save();
}

/** Follows the redirects from `url` as a browser does, with its cookies, until one leads to `callback`, which it returns. */
export async function followToCallback(url: URL, callback: string): Promise<URL> {
  const cookies = new Map<string, string>();
  let place = url;
  for (let redirects = 0; redirects < MAX_REDIRECTS; redirects++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(place, { redirect: 'manual', headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const target = response.headers.get('location');
    if (target === null) {
      throw new Error(`${place.pathname} answered ${response.status}: ${await response.text()}`);
    }
    await response.body?.cancel();
    place = new URL(target, place);
    if (place.href.startsWith(callback)) return place;
  }
  throw new Error(`more than ${MAX_REDIRECTS} redirects`);
}
