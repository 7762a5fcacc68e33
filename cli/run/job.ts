// The Job that `zeroplane run` makes: one pod (or several), run once, cleaned up by the cluster. Pure.

import { createHash } from 'node:crypto';
import type {
  V1Container,
  V1Job,
  V1Pod,
  V1PodSpec,
  V1ResourceRequirements,
  V1Volume,
} from '../../generated/kubernetes.ts';
import { bringContainer, uploadContainer } from './helper-containers.ts';

export interface RunPlan {
  readonly namespace: string;
  readonly name: string;
  /** As the user said it, where a run with the same one is the same run. */
  readonly key: string | undefined;
  /** A pod's metadata and spec to start from. */
  readonly pod: Partial<Pick<V1Pod, 'metadata' | 'spec'>> | undefined;
  readonly image: string | undefined;
  readonly command: readonly string[];
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
  readonly env: readonly (readonly [string, string])[];
  /** Names of variables whose values are in the run's own Secret. */
  readonly secretNames: readonly string[];
  readonly serviceAccount: string | undefined;
  readonly parallelism: number;
  readonly timeoutSeconds: number;
  readonly ttlSeconds: number;
  /** SHA-256 of the archive that is uploaded, in hexadecimal, and how many Secrets carry it. */
  readonly upload: { readonly digest: string; readonly parts: number } | undefined;
  /** Paths below the working directory. */
  readonly bring: readonly string[];
  readonly helperImage: string;
}

/** Where the working directory is in the container. */
const workspace = '/workspace';

export const annotations = {
  /** Of the Job's spec as it was planned: a run with the same key and another plan is another run. */
  plan: 'zeroplane.dev/run-plan',
  key: 'zeroplane.dev/run-key',
  files: 'zeroplane.dev/run-files',
} as const;

/** On everything that a run makes. */
export const runLabel = 'zeroplane.dev/run';

const workVolume = 'zeroplane-work';
const partsVolume = 'zeroplane-files';
const tmpVolume = 'zeroplane-tmp';

export function envSecretName(job: string): string {
  return `${job}-env`;
}

export function partSecretName(job: string, digest: string, part: number): string {
  return `${job}-${digest.slice(0, 8)}-${part}`;
}

/** What is in a part's Secret, and its file in the pod: their order is that of their names. */
export function partKey(part: number): string {
  return `part-${String(part).padStart(3, '0')}`;
}

export function runJob(plan: RunPlan): V1Job & { metadata: { name: string; namespace: string } } {
  const { namespace, name, parallelism } = plan;
  const labels = { ...plan.pod?.metadata?.labels, [runLabel]: name };
  const spec = {
    backoffLimit: 0,
    ttlSecondsAfterFinished: plan.ttlSeconds,
    activeDeadlineSeconds: plan.timeoutSeconds,
    ...(parallelism > 1 && { parallelism, completions: parallelism, completionMode: 'Indexed' }),
    template: {
      metadata: { labels, ...(plan.pod?.metadata?.annotations && { annotations: plan.pod.metadata.annotations }) },
      spec: podSpec(plan),
    },
  };
  const digest = createHash('sha256')
    .update(JSON.stringify({ spec: withoutFiles(spec, plan) }))
    .digest('hex');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace,
      labels: { [runLabel]: name },
      annotations: {
        [annotations.plan]: digest,
        ...(plan.key !== undefined && { [annotations.key]: plan.key }),
        ...(plan.upload && { [annotations.files]: plan.upload.digest }),
      },
    },
    // Its Secrets belong to it, so they come after it, and its pod after them.
    spec: { ...spec, ...((plan.upload || plan.secretNames.length > 0) && { suspend: true }) },
  };
}

/** Files differ from try to try where a tool writes the time into one: they make no other run. */
function withoutFiles(spec: object, { upload }: RunPlan): object | string {
  if (!upload) return spec;
  return JSON.stringify(spec).replaceAll(upload.digest, '').replaceAll(upload.digest.slice(0, 8), '');
}

function podSpec(plan: RunPlan): V1PodSpec {
  const given: V1PodSpec = plan.pod?.spec ?? { containers: [] };
  const [first, ...others] = given.containers;
  const main = mainContainer(plan, first ?? { name: 'main' });
  const { upload, bring } = plan;
  const withFiles = upload !== undefined || bring.length > 0;
  const helpers: V1Container[] = [];
  const volumes: V1Volume[] = [];
  const helper = { image: plan.helperImage, workspace, workVolume, like: main };
  if (withFiles) volumes.push({ name: workVolume, emptyDir: {} });
  if (upload) {
    helpers.push(uploadContainer({ ...helper, partsVolume, digest: upload.digest }));
    const sources = Array.from({ length: upload.parts }, (_, part) => ({
      secret: { name: partSecretName(plan.name, upload.digest, part) },
    }));
    volumes.push({ name: partsVolume, projected: { sources } });
  }
  if (bring.length > 0) {
    helpers.push(bringContainer({ ...helper, tmpVolume, paths: bring }));
    volumes.push({ name: tmpVolume, emptyDir: {} });
  }
  const { serviceAccount } = plan;
  return {
    ...given,
    restartPolicy: 'Never',
    // A run that names no account has no business with the API.
    ...(serviceAccount === undefined
      ? given.serviceAccountName === undefined && { automountServiceAccountToken: false, ...pick(given) }
      : { serviceAccountName: serviceAccount }),
    ...(bring.length > 0 && { terminationGracePeriodSeconds: given.terminationGracePeriodSeconds ?? 60 }),
    ...((helpers.length > 0 || given.initContainers) && {
      initContainers: [...helpers, ...(given.initContainers ?? [])],
    }),
    containers: [withFiles ? inWorkspace(main) : main, ...others],
    ...((volumes.length > 0 || given.volumes) && { volumes: [...(given.volumes ?? []), ...volumes] }),
  };
}

function pick({ automountServiceAccountToken }: V1PodSpec) {
  return automountServiceAccountToken === undefined ? {} : { automountServiceAccountToken };
}

function mainContainer(plan: RunPlan, given: V1Container): V1Container {
  const { image = given.image, command, cpu, memory, env, secretNames } = plan;
  const variables = [
    ...(given.env ?? []),
    ...env.map(([name, value]) => ({ name, value })),
    ...secretNames.map((name) => ({
      name,
      valueFrom: { secretKeyRef: { name: envSecretName(plan.name), key: name } },
    })),
  ];
  const resources = resourcesOf(given.resources, cpu, memory);
  return {
    ...given,
    ...(image !== undefined && { image }),
    ...(command.length > 0 && { command: [...command], args: [] }),
    ...(variables.length > 0 && { env: variables }),
    ...(resources && { resources }),
  };
}

/** What is asked for is what it gets: its memory is its limit, too, and CPU may be more where the node has it. */
function resourcesOf(given: V1ResourceRequirements | undefined, cpu: string | undefined, memory: string | undefined) {
  if (cpu === undefined && memory === undefined) return given;
  return {
    ...given,
    requests: { ...given?.requests, ...(cpu !== undefined && { cpu }), ...(memory !== undefined && { memory }) },
    ...(memory !== undefined && { limits: { ...given?.limits, memory } }),
  };
}

function inWorkspace(main: V1Container): V1Container {
  const mount = { name: workVolume, mountPath: workspace };
  return { ...main, workingDir: main.workingDir ?? workspace, volumeMounts: [...(main.volumeMounts ?? []), mount] };
}
