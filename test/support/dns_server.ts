// A name server for nginx's resolver, which uses neither /etc/hosts nor a search list.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode, type Question } from 'dns-packet';

export interface DnsServer {
  readonly port: number;
  close(): Promise<void>;
}

const TTL_SEC = 60;

/** Answers with the address for `name` and NXDOMAIN for all others. */
export function startDnsServer(name: string, address = '127.0.0.1'): Promise<DnsServer> {
  return serve((question) => (question.name === name ? addressOf(question, address) : undefined));
}

export interface ServiceNode {
  /** What SRV names it, below the service's name. */
  readonly name: string;
  readonly address: string;
}

/**
 * A headless Service of Kubernetes: SRV for `_<port name>._tcp.<service>`, and A for each node's name and for the service's.
 * @param nodes  those that are ready; read at each question
 */
export function startServiceDns(
  service: string,
  portName: string,
  port: number,
  nodes: () => readonly ServiceNode[],
): Promise<DnsServer> {
  return serve((question) => {
    const { name, type } = question;
    if (name === `_${portName}._tcp.${service}`) {
      if (type !== 'SRV') return [];
      return nodes().map((node) => ({
        type: 'SRV',
        name,
        ttl: TTL_SEC,
        data: { target: `${node.name}.${service}`, port, priority: 0, weight: 1 },
      }));
    }
    if (name === service) return nodes().flatMap(({ address }) => addressOf(question, address));
    const node = nodes().find((candidate) => name === `${candidate.name}.${service}`);
    return node === undefined ? undefined : addressOf(question, node.address);
  });
}

function addressOf({ name, type }: Question, address: string): Answer[] {
  return type === 'A' ? [{ type: 'A', name, ttl: TTL_SEC, data: address }] : [];
}

/** @param answersTo  undefined for a name that does not exist */
async function serve(answersTo: (question: Question) => Answer[] | undefined): Promise<DnsServer> {
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    const query = decode(message);
    const [question] = query.questions ?? [];
    const answers = question === undefined ? undefined : answersTo(question);
    const answer = encode({
      type: 'response',
      id: query.id ?? 0,
      flags: answers === undefined ? 3 : 0,
      questions: query.questions ?? [],
      answers: answers ?? [],
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
