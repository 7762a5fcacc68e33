// The Job of a run is there: made now, or by a try before of the same run, which is then gone on with.

import { ApiError } from '../../agent/api-client/api-client.ts';
import type { V1Job } from '../../generated/kubernetes.ts';
import { UserError } from '../../local/user-error.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { annotations, envSecretName, partKey, partSecretName, runLabel } from './job.ts';
import type { Upload } from './upload.ts';

export interface Supplies {
  readonly upload: Upload | undefined;
  readonly secrets: readonly (readonly [string, string])[];
}

/** Throws UserError when another run has the name. */
export async function ensureJob(
  connection: ClusterConnection,
  job: V1Job & { metadata: { name: string; namespace: string } },
  supplies: Supplies,
): Promise<{ readonly job: V1Job; readonly made: boolean }> {
  const { name, namespace } = job.metadata;
  const path = jobsPath(namespace);
  let found: V1Job;
  let made = true;
  try {
    found = await connection.json<V1Job>('POST', path, { body: job });
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 409)) throw error;
    // Of the same run: also of this very request, whose answer was lost.
    found = await connection.json<V1Job>('GET', `${path}/${name}`);
    made = false;
    refuseOther(found, job);
    if (found.metadata?.deletionTimestamp)
      throw new UserError(`Job ${namespace}/${name} is being deleted: run it again in a moment`);
  }
  if (found.spec?.suspend) found = await supply(connection, found, job, supplies);
  return { job: found, made };
}

export function jobsPath(namespace: string): string {
  return `/apis/batch/v1/namespaces/${namespace}/jobs`;
}

function refuseOther(found: V1Job, wanted: V1Job): void {
  const { name, namespace, annotations: noted = {} } = found.metadata ?? {};
  const plan = annotations.plan;
  const another = `take another --idempotency-key or --name, or \`kubectl -n ${namespace} delete job ${name}\``;
  // computed name: of the constants above.
  if (noted[plan] === undefined)
    throw new UserError(`Job ${namespace}/${name} is none that \`zeroplane run\` made: ${another}`);
  // computed name: of the constants above.
  if (noted[plan] === wanted.metadata?.annotations?.[plan]) return;
  throw new UserError(`Job ${namespace}/${name} runs something else: another command, image or option. ${another}`);
}

/** Its Secrets, which go with it, and then the word to begin. */
async function supply(
  connection: ClusterConnection,
  found: V1Job,
  wanted: V1Job,
  { upload, secrets }: Supplies,
): Promise<V1Job> {
  const { name = '', namespace = '', uid = '' } = found.metadata ?? {};
  const files = found.metadata?.annotations?.[annotations.files];
  if (files !== wanted.metadata?.annotations?.[annotations.files])
    throw new UserError(
      `Job ${namespace}/${name} waits for files of a try before this one, which have changed since: \`kubectl -n ${namespace} delete job ${name}\`, and run it again`,
    );
  const owner = { apiVersion: 'batch/v1', kind: 'Job', name, uid };
  const make = async (secret: string, data: Record<string, string>) => {
    const metadata = { name: secret, namespace, labels: { [runLabel]: name }, ownerReferences: [owner] };
    const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', immutable: true, data };
    await connection.json('POST', `/api/v1/namespaces/${namespace}/secrets`, { body }).catch(unlessThere);
  };
  if (secrets.length > 0) {
    const data = secrets.map(([key, value]) => [key, Buffer.from(value).toString('base64')] as const);
    await make(envSecretName(name), Object.fromEntries(data));
  }
  for (const [part, bytes] of upload?.parts.entries() ?? [])
    await make(partSecretName(name, upload?.digest ?? '', part), { [partKey(part)]: bytes.toString('base64') });
  return connection.json<V1Job>('PATCH', `${jobsPath(namespace)}/${name}`, {
    body: { metadata: { uid }, spec: { suspend: false } },
    contentType: 'application/merge-patch+json',
  });
}

function unlessThere(error: unknown): void {
  if (!(error instanceof ApiError && error.code === 409)) throw error;
}
