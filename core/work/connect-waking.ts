// The functions of a cluster, as its others call them: names from settings, credentials and endpoint from the environment.
// Source: Lambda API reference, Invoke; developer guide, "Invoking a Lambda function asynchronously".

import type { FunctionSettings } from '../cluster/settings.ts';
import { type AwsEnvironment, credentialsFrom, endpointFrom, regionFrom } from '../signature/aws-environment.ts';
import { createSignedRequests } from '../signature/signed-requests.ts';
import type { Wakes } from '../store/wakes.ts';
import { createWaking, type Invoke, type Waking } from './waking.ts';

const answerMs = 4000;
const connectMs = 2000;
const attempts = 3;
const firstPauseMs = 50;

export function connectWaking(
  { functionPrefix }: Pick<FunctionSettings, 'functionPrefix'>,
  env: AwsEnvironment,
  wakes: Wakes,
): Waking {
  return createWaking({ wakes, invoke: connectInvoke(functionPrefix, env), clock: Date.now });
}

/** To call twice is what AWS may do anyway: it tries again where it is not told that the call was taken. */
function connectInvoke(prefix: string, env: AwsEnvironment): Invoke {
  const region = regionFrom(env);
  const endpoint = endpointFrom(env, 'lambda', region);
  const requests = createSignedRequests({
    ...{ service: 'lambda', region, connectMs },
    credentials: () => credentialsFrom(env),
  });
  const headers = { 'content-type': 'application/json', 'x-amz-invocation-type': 'Event' };

  async function once(name: string, body: string): Promise<{ readonly taken: boolean; readonly why: string }> {
    try {
      const url = new URL(`/2015-03-31/functions/${encodeURIComponent(prefix + name)}/invocations`, endpoint);
      const answer = await requests.send({ method: 'POST', url, headers, body }, answerMs);
      const text = answer.body.toString().slice(0, 200);
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429)
        throw new InvokeError(`${prefix}${name} cannot be called: ${answer.status} ${text}`);
      return { taken: answer.status === 202, why: `${answer.status} ${text}` };
    } catch (error) {
      if (error instanceof InvokeError || !(error instanceof Error)) throw error;
      return { taken: false, why: error.message };
    }
  }

  return async (name, event) => {
    const body = JSON.stringify(event);
    for (let sent = 1; ; sent++) {
      const { taken, why } = await once(name, body);
      if (taken) return;
      if (sent >= attempts) throw new InvokeError(`${prefix}${name} could not be called: ${why}`);
      await new Promise((resolve) => setTimeout(resolve, firstPauseMs * 4 ** (sent - 1) * (0.5 + Math.random())));
    }
  };
}

class InvokeError extends Error {
  override name = 'InvokeError';
}
