// Where a request is, for a line of the error log.
import { type Place, readPathHead } from '../core/answer/failure_line.js';

/** @param endpoint of the location's settings; '' while it is not known */
export function readPlace(r: NginxHTTPRequest, endpoint: string): Place {
  const v = r.variables;
  return {
    serverName: v.server_name || '',
    serverAddress: v.server_addr || '',
    serverPort: v.server_port || '',
    endpoint,
    pathHead: readPathHead(v.request_uri || '', v.phantom_token_input || ''),
  };
}
