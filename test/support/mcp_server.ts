// An MCP server made with its own SDK, on 127.0.0.1, with sessions and streams of events. It records every request.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { closeServer, KEEP_ALIVE_MS, listenLocally } from '../../runtime/local_http.js';

export interface RecordingMcpServer {
  readonly port: number;
  readonly requests: { method: string; url: string; headers: IncomingHttpHeaders; body: unknown }[];
  close(): Promise<void>;
}

/**
 * It has the tool `greet`, which says first that it begins, and ends when `mayEnd` resolves.
 * @param host the only name that it accepts in Host: the SDK's own guard against DNS rebinding
 */
export async function startMcpServer(host: string, mayEnd: Promise<unknown>): Promise<RecordingMcpServer> {
  const app = createMcpExpressApp({ allowedHosts: [host] });
  const requests: RecordingMcpServer['requests'] = [];
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  app.all('/mcp', async (request, response) => {
    const { method, url, headers, body } = request;
    requests.push({ method, url, headers, body });
    const known = sessions.get(String(headers['mcp-session-id']));
    const session = known ?? (await newSession(sessions, mayEnd));
    await session.handleRequest(request, response, body);
  });
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, app);
  const port = await listenLocally(server, 0);
  return { port, requests, close: () => closeServer(server) };
}

async function newSession(
  sessions: Map<string, StreamableHTTPServerTransport>,
  mayEnd: Promise<unknown>,
): Promise<StreamableHTTPServerTransport> {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  });
  const server = new McpServer({ name: 'greeter', version: '1.0.0' }, { capabilities: { logging: {} } });
  server.registerTool('greet', { description: 'Greets' }, async ({ sendNotification }) => {
    const params = { level: 'info' as const, data: 'begins' };
    await sendNotification({ method: 'notifications/message', params });
    await mayEnd;
    return { content: [{ type: 'text', text: 'Hello' }] };
  });
  await server.connect(transport as never); // its type lacks `undefined`, which exactOptionalPropertyTypes wants
  return transport;
}
