// Deletes Jobs that finished `ttlSecondsAfterFinished` ago (KEP-592).

import { type Action, controllerUser, defineController, splitKey, watchSelf } from './controller.ts';
import { finishedCondition } from './job.ts';
import { deleteWithPreconditions } from './preconditions.ts';

const type = 'batch/jobs';

export const ttlAfterFinishedController = defineController({
  name: 'ttl-after-finished',
  user: controllerUser('ttl-after-finished-controller'),
  watches: [watchSelf(type)],
  owns: [type],
  reconcile(snapshot, key, { now }): Action<typeof type>[] {
    const { namespace, name } = splitKey(key);
    const job = snapshot.get(type, namespace, name);
    const ttl = job?.spec?.ttlSecondsAfterFinished;
    const finished = job && finishedCondition(job);
    if (ttl === undefined || ttl === null || !finished || job.metadata.deletionTimestamp) return [];
    const left = Date.parse(finished.lastTransitionTime ?? '') + ttl * 1000 - now;
    if (left > 0) return [{ do: 'requeue', afterMs: left }];
    return [deleteWithPreconditions(type, job, 'Foreground')];
  },
});
