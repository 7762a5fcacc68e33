// exec, attach and port-forward of a cluster on AWS, for the programs of this machine: their upgraded connections end here, and what they say
// goes over the channel to the node (D32). The cluster decides on each stream by its user's credentials, as on every request.

import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { foreignFailure } from '../../core/machinery/foreign-status.ts';
import { jsonObject } from '../../core/machinery/json.ts';
import { badRequest, StatusError } from '../../core/machinery/status.ts';
import { dialChannel } from '../../core/node/channel/dial.ts';
import { readStreamOffer, type StreamOffer, streamHeader } from '../../core/node/channel/offer.ts';
import type { NodeStream } from '../../core/node/node-stream.ts';
import { unavailable } from '../../core/node/unreachable-node.ts';
import { answerTo, bodyOf, type Headers, passedOn, type Upstream } from '../../edge/upstream.ts';
import type { RoutedRequest } from '../../functions/apiserver/http.ts';
import { parseQuery, Query } from '../../functions/apiserver/query.ts';
import { carryCommand } from '../../functions/apiserver/streams/command.ts';
import { carryPortForward } from '../../functions/apiserver/streams/port-forward.ts';

const podStream = /^\/api\/v1\/namespaces\/[^/]+\/pods\/[^/]+\/(exec|attach|portforward)$/;
/** Of an answer to what asks for a stream. */
const answerBytes = 1024 * 1024;

/** Takes the connection over. Never rejects: what goes wrong before its first byte is its answer. */
export async function upgradeStream(
  upstream: Upstream,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const gone = new AbortController();
  socket.on('error', () => undefined);
  socket.once('close', () => gone.abort());
  try {
    await carry(upstream, message, { socket, head }, gone.signal);
  } catch (error) {
    refuseUpgrade(socket, error instanceof StatusError ? error : unreached(error));
  }
}

async function carry(
  upstream: Upstream,
  message: IncomingMessage,
  connection: { readonly socket: Duplex; readonly head: Buffer },
  signal: AbortSignal,
): Promise<void> {
  const { method = 'GET', url = '/', rawHeaders } = message;
  const at = url.indexOf('?');
  const [path, query] = at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
  const kind = podStream.exec(path)?.[1];
  if (kind === undefined)
    throw badRequest('this path does not take upgrade requests here: send it without the Upgrade header');
  // as: only `set-cookie` is ever an array in incoming headers, and nothing reads that one.
  const headers = message.headers as Record<string, string | undefined>;
  const request: RoutedRequest = { headers, rawHeaders, signal };
  const asked = headersFor(message);
  const open = async (target: string) => {
    const offer = readStreamOffer(await ask(upstream, method, target, asked, 'open'));
    if (!offer) throw unavailable('the API server does not answer what asks for a stream: is it an older one?');
    return { offer, node: await dial(offer, signal) };
  };
  if (kind !== 'portforward') {
    await carryCommand(request, connection, async () => {
      const { offer, node } = await open(url);
      if (offer.request.type !== 'exec' && offer.request.type !== 'attach')
        throw unavailable('the API server answered with another stream than was asked for');
      return { wanted: offer.request, node };
    });
    return;
  }
  await ask(upstream, method, url, asked, 'ask');
  await carryPortForward(request, connection, new Query(parseQuery(query)), async (port) => {
    const { node } = await open(`${path}?ports=${port}`);
    return node;
  });
}

function dial(offer: StreamOffer, signal: AbortSignal): Promise<NodeStream> {
  const { id, request, node } = offer;
  const other = `the agent of node ${JSON.stringify(node)}`;
  return dialChannel({ offer, id, request, end: 'client', other, signal });
}

/** What the API server needs to know of the client's request; its handshake is with this machine. */
function headersFor({ headers }: IncomingMessage): Headers {
  const { authorization: _, ...others } = passedOn(headers);
  return Object.fromEntries(
    Object.entries(others).filter(([name]) => !/^(?:sec-websocket|x-stream-protocol)-/.test(name)),
  );
}

/** The body of a success. Throws the API server's own Status. */
async function ask(upstream: Upstream, method: string, target: string, headers: Headers, wish: 'open' | 'ask') {
  const { 'accept-encoding': _, ...sent } = await upstream.authorized(headers);
  const out = upstream.request(method, target, { ...sent, accept: 'application/json', [streamHeader]: wish });
  out.end();
  const answer = await answerTo(out);
  const text = (await bodyOf(answer, answerBytes)).toString('utf8');
  const code = answer.statusCode ?? 502;
  if (code === 200) return text;
  throw foreignFailure(jsonObject(text), code);
}

function unreached(error: unknown): StatusError {
  const why = error instanceof Error ? error.message : String(error);
  return unavailable(`the API server cannot be reached from here: ${why}`);
}

export function refuseUpgrade(socket: Duplex, { code, status }: StatusError): void {
  if (socket.destroyed) return;
  const body = JSON.stringify(status);
  const lines = [
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ];
  socket.end(lines.join('\r\n'));
}
