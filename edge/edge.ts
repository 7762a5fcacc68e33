// The API near its clients: every request is passed on as it is, with its caller's own credentials; watches are served from one follow for
// all that may see the same, so that an open watch holds nothing at the API server.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { followHeader, followOpen, readRevision, revisionHeader } from '../core/edge/follow.ts';
import { StatusError } from '../core/machinery/status.ts';
import { begin, cutOff, type EdgeResponse, refuse, relay } from './answers.ts';
import { type ChannelTimes, createChannel } from './channel.ts';
import { type Follow, watchHeaders } from './follow.ts';
import { createFollows } from './follows.ts';
import { type Pace, usualPace } from './pace.ts';
import { answerTo, createUpstream, type Headers, passedOn, type Upstream, type UpstreamOptions } from './upstream.ts';
import { readWatch, type WatchRequest, writtenResource } from './watch-request.ts';
import { Watcher } from './watcher.ts';

export interface EdgeOptions extends UpstreamOptions {
  readonly pace?: Pace;
  readonly channelTimes?: ChannelTimes;
}

export type EdgeRequest = Http2ServerRequest | IncomingMessage;

export interface Edge {
  readonly upstream: Upstream;
  handle(request: EdgeRequest, response: Http2ServerResponse | ServerResponse): void;
  /** Ends all watches. */
  close(): void;
}

export function createEdge(options: EdgeOptions): Edge {
  const upstream = createUpstream(options);
  const channel = createChannel({
    ...(options.ca !== undefined && { ca: options.ca }),
    ...(options.channelTimes && { times: options.channelTimes }),
    onHead: (resource, revision) => follows.nudge(resource, revision),
    onChange: () => follows.repace(),
  });
  const follows = createFollows({
    upstream,
    pace: options.pace ?? usualPace,
    isTold: channel.isTold,
    onAnswer: channel.heard,
  });

  /** As it came. */
  const pass = async (request: EdgeRequest, response: EdgeResponse, headers: Headers): Promise<void> => {
    const { method = 'GET', url = '/' } = request;
    const out = upstream.request(method, url, headers);
    const leave = () => out.destroy();
    response.once('close', leave);
    request.once('error', leave);
    request.pipe(out);
    const answer = await answerTo(out);
    const written = writtenResource(method, url);
    if (written !== undefined && (answer.statusCode ?? 500) < 300) follows.nudge(written);
    relay(answer, response);
  };

  const watch = async (watched: WatchRequest, request: EdgeRequest, response: EdgeResponse, headers: Headers) => {
    const follow = follows.of(watched);
    const passed = await follow.alone(() => open(follow, watched, request, response, headers));
    if (passed) await pass(request, response, headers);
  };

  /** Whether it has to be passed on as it is. */
  const open = async (
    follow: Follow,
    watched: WatchRequest,
    request: EdgeRequest,
    response: EdgeResponse,
    headers: Headers,
  ): Promise<boolean> => {
    if (isGone(response)) return false;
    const known = follow.covers(watched.after);
    if (known) {
      begin(response, 200, known);
      join(follow, watched, response);
      return false;
    }
    const { 'accept-encoding': _, ...sent } = headers;
    const out = upstream.request('GET', request.url ?? '/', { ...sent, [followHeader]: followOpen });
    const leave = () => out.destroy();
    response.once('close', leave);
    out.end();
    const answer = await answerTo(out);
    const revision = readRevision(String(answer.headers[revisionHeader] ?? ''));
    if (answer.statusCode === 405) {
      // This one cannot be followed.
      answer.resume();
      return true;
    }
    if (answer.statusCode !== 200 || revision === undefined) {
      relay(answer, response);
      return false;
    }
    try {
      await follow.meet(revision, answer);
    } catch (error) {
      out.destroy();
      throw error;
    }
    if (isGone(response)) return false;
    begin(response, 200, watchHeaders(answer));
    join(follow, watched, response).openWith(answer);
    return false;
  };

  const answer = async (request: EdgeRequest, response: EdgeResponse): Promise<void> => {
    const { authorization, ...others } = request.headers;
    // The caller's are for this edge alone, where it has its own.
    const read = options.authorization || authorization === undefined ? others : { ...others, authorization };
    const headers = await upstream.authorized(passedOn(read));
    const watched = readWatch(request.method ?? 'GET', request.url ?? '/', read);
    await (watched ? watch(watched, request, response, headers) : pass(request, response, headers));
  };

  return {
    upstream,
    handle(request, response) {
      answer(request, response).catch((error: unknown) => {
        if (response.headersSent) return cutOff(response);
        refuse(response, error instanceof StatusError ? error : unreached(error));
      });
    },
    close() {
      channel.close();
      follows.close();
      upstream.close();
    },
  };
}

function join(follow: Follow, { timeoutSeconds }: WatchRequest, response: EdgeResponse): Watcher {
  // As Kubernetes where the client names none: between half an hour and an hour.
  const timeoutMs = timeoutSeconds ? timeoutSeconds * 1000 : 30 * 60_000 * (1 + Math.random());
  const watcher = new Watcher(response, timeoutMs, () => follow.remove(watcher));
  follow.add(watcher);
  return watcher;
}

function isGone(response: EdgeResponse): boolean {
  return response.destroyed || response.writableEnded || ('stream' in response && response.stream?.destroyed === true);
}

function unreached(error: unknown): StatusError {
  const why = error instanceof Error ? error.message : String(error);
  return new StatusError('ServiceUnavailable', `the API server cannot be reached from here: ${why}`);
}
