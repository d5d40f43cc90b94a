// A name server that knows one name: nginx's resolver uses neither /etc/hosts nor a search list.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode } from 'dns-packet';

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers 127.0.0.1 for `name` and NXDOMAIN for all others. */
export async function startDnsServer(name: string): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    const query = decode(message);
    const question = query.questions?.[0];
    const known = question?.name === name;
    const answer = encode({
      type: 'response',
      id: query.id ?? 0,
      flags: known ? 0 : 3,
      questions: query.questions ?? [],
      answers: known && question.type === 'A' ? [{ type: 'A', name, ttl: 60, data: '127.0.0.1' }] : [],
    });
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    async close() {
      socket.close();
      await once(socket, 'close');
    },
  };
}
