// The other ways into the first stage: another proxy asks whether it may pass a request on (forward auth), or a gateway asks about
// a token (introspection). They come through `authorize`, and are told from auth_request mode by the text that their location
// keeps in place of a request's, so that no hit of the other modes pays for them.
import { isUsualUri } from '../core/request/forwarded_uri.js';
import type { Mode } from '../core/settings/njs_version.js';
import type { RequestText } from '../core/settings/request_text.js';
import type { Handle } from './handover.js';
import { enterIntrospection } from './introspection_way.js';
import { handleUnusualUri } from './malformed.js';
import { handleNotOn } from './miss.js';

/** A request whose text does not say `here on`. @param handle the first stage, in which the other ways begin again */
export function handleOtherWay(
  r: NginxHTTPRequest,
  mode: Mode,
  request: RequestText,
  handle: Handle,
): Promise<void> | undefined {
  switch (request as string) {
    case 'forward_auth': {
      const v = r.variables;
      return isUsualUri(v.http_x_forwarded_uri) && isUsualUri(v.http_x_original_url)
        ? handle(r, 'forward_auth', true)
        : handleUnusualUri(r, handle);
    }
    case 'introspection':
      return enterIntrospection(r, handle);
    default:
      return handleNotOn(r, mode, request);
  }
}
