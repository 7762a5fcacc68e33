// A webhook that is asked about every count in the storm, and hangs now and then: its policy lets pass what it does not answer.

import { openWebhook } from '../../../functions/apiserver/testing/webhook-server.ts';
import type { Random } from '../../simulation/random.ts';
import type { ApiClient } from '../api-client.ts';

export interface HangingWebhook {
  readonly hung: number;
  close(): Promise<void>;
}

const hangsAt = 0.1;

export async function openHangingWebhook(client: ApiClient, random: Random): Promise<HangingWebhook> {
  let hung = 0;
  const webhook = await openWebhook(() => {
    if (!random.chance(hangsAt)) return { allowed: true };
    hung += 1;
    return new Promise(() => undefined);
  });
  await client.sendUntil([201, 409], 'POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    metadata: { name: 'hangs' },
    webhooks: [
      {
        name: 'hangs.example.com',
        clientConfig: { url: `${webhook.url}/hangs`, caBundle: webhook.caBundle },
        rules: [{ operations: ['UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
        ...{ failurePolicy: 'Ignore', timeoutSeconds: 1, sideEffects: 'None', admissionReviewVersions: ['v1'] },
      },
    ],
  });
  return {
    get hung() {
      return hung;
    },
    close: webhook.close,
  };
}
