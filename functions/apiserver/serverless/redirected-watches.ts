// Plain watches are sent to a function of their own, which takes little memory and of which there are only so many: by a redirect, which
// clients follow with the credentials that they came with.

import type { Definitions } from '../../../core/api/definition.ts';
import { customResourceType } from '../../../core/registry/custom-resources.ts';
import { isServedAsStored } from '../../../core/registry/versions.ts';
import type { Replicas } from '../../../core/replica/replica.ts';
import type { ApiResponse } from '../http.ts';
import { encodeSegments } from '../request-info.ts';
import { watchOptions } from '../resources/query-options.ts';
import type { WatchElsewhere } from '../resources/route.ts';
import { sealWatch, watchPath } from './watch-ticket.ts';

export interface RedirectOptions {
  readonly definitions: Definitions;
  readonly replicas: Replicas;
  readonly key: Buffer;
  readonly now: () => Date;
}

/** For the redirect to be followed. */
const goodSeconds = 60;
/** Objects of a type that the other function reads at once where a watch begins with what there is. */
const mostObjects = 4000;

export function redirectWatches({ definitions, replicas, key, now }: RedirectOptions): WatchElsewhere {
  return async ({ request, info, query, context, auditRecord }, { definition }) => {
    const { sendInitialEvents, resourceVersion = '' } = watchOptions(info, query);
    if (beginsWithState(sendInitialEvents, resourceVersion)) {
      const replica = await replicas.of(definition.type);
      if (replica.size > mostObjects) return undefined;
    }
    // Its conversion may ask a webhook.
    if (definition.customResource !== undefined) {
      const crd = (await replicas.of(customResourceType)).get(definition.customResource)?.object;
      if (crd?.spec.conversion?.strategy === 'Webhook' && !isServedAsStored({ definitions }, definition))
        return undefined;
    }
    // Encoded anew, so that what was authorized is read there.
    const path = encodeSegments(info.path.split('/'));
    const until = Math.floor(now().getTime() / 1000) + goodSeconds;
    const asked = {
      ...{ path, query: query.toString(), username: context.user.username, until },
      ...(auditRecord && { trail: auditRecord.trail }),
    };
    const ticket = sealWatch(asked, request.headers['authorization'] ?? '', key);
    return ticket === undefined ? undefined : redirectTo(path, `${watchPath.slice(1)}${ticket}`);
  };
}

/** As registry/read/watch.ts has it. */
export function beginsWithState(sendInitialEvents: boolean | undefined, resourceVersion: string): boolean {
  return sendInitialEvents ?? (resourceVersion === '' || resourceVersion === '0');
}

/** Relative: a function does not know what API Gateway has in front of its paths. */
function redirectTo(from: string, to: string): ApiResponse {
  const up = '../'.repeat(Math.max(0, from.split('/').length - 2));
  return {
    status: 307,
    headers: { location: up + to, 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from('This watch is served at the location that the headers name: follow it (curl --location).\n'),
  };
}
