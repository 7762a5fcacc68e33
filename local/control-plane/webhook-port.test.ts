import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebhookCaller, WebhookError } from '../../core/registry/webhooks/caller.ts';
import { connectWebhooks, serveWebhooks } from './webhook-port.ts';

let channel: MessageChannel;
let called: Parameters<WebhookCaller>[];
let answer: WebhookCaller;
let call: WebhookCaller;

beforeEach(() => {
  channel = new MessageChannel();
  called = [];
  serveWebhooks((...given) => {
    called.push(given);
    return answer(...given);
  }, channel.port1);
  call = connectWebhooks(channel.port2);
});
afterEach(() => channel.port1.close());

const address = { service: { namespace: 'a', name: 'hook' }, caBundle: 'AAAA' };

describe('A webhook that is called for another thread', () => {
  it('gets what was sent, large integers too, and its answer comes back to who asked', async () => {
    answer = async (_, body) => ({ of: body });
    const bodies = [{ big: 2n ** 60n }, { small: 1 }];
    const answers = await Promise.all(bodies.map((body) => call(address, body, 1000)));
    expect(answers).toEqual(bodies.map((of) => ({ of })));
    expect(called[0]).toEqual([address, bodies[0], 1000]);
  });

  it('fails there as it failed here', async () => {
    answer = async () => {
      throw new WebhookError('timeout', 'context deadline exceeded');
    };
    const failure = await call(address, {}, 1000).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WebhookError);
    expect(failure).toMatchObject({ code: 'timeout', message: 'context deadline exceeded' });
    answer = async () => {
      throw new TypeError('a fault of ours');
    };
    const fault = await call(address, {}, 1000).catch((error: unknown) => error);
    expect(fault).not.toBeInstanceOf(WebhookError);
    expect(fault).toMatchObject({ message: 'a fault of ours' });
  });
});
