// Which credentials the images of this node were pulled with, on disk: an image that a registry gave to one pod's credentials is given
// only to pods that have them, too, whatever their pull policy (KEP-2535). An intent is written before a pull, so that an image which
// came by a pull that nobody saw end is known as one. What was pulled without credentials, or loaded, is for all.
// Source: Kubernetes, feature KubeletEnsureSecretPulledImages; ImagePullIntent and ImagePulledRecord of kubelet.config.k8s.io.

import { createHash } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { parseJson } from '../../core/machinery/json.ts';
import { getOwn } from '../../core/machinery/own.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { mustVerify, repositoryOf, type Verification } from './pull-policy.ts';
import type { PullCredential } from './pull-secret.ts';

export interface PullRecords {
  /** Whether the registry must be asked before a pod with `credentials` may use the image that is here. */
  mustPull(image: string, imageRef: string, credentials: readonly PullCredential[]): Promise<boolean>;
  /** Before a pull. `before`: what of the image is here already. Throws when it cannot be written: then nothing may be pulled. */
  begin(image: string, before: string | undefined): Promise<void>;
  /** After it. `credential`: what the registry took; undefined: it asked for none. Throws when it cannot be written. */
  succeeded(image: string, imageRef: string, credential: PullCredential | undefined): Promise<void>;
  failed(image: string): Promise<void>;
  /** Forgets images that are not among `imageRefs`, a list that was asked for at `since`, in Unix milliseconds. */
  prune(imageRefs: ReadonlySet<string>, since: number): Promise<void>;
}

interface KnownSecret {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly credentialHash: string;
}

interface ImageCredentials {
  readonly nodePodsAccessible?: boolean;
  readonly kubernetesSecrets?: readonly KnownSecret[];
}

interface PulledRecord {
  readonly kind: 'ImagePulledRecord';
  readonly apiVersion: string;
  readonly lastUpdatedTime: string;
  readonly imageRef: string;
  /** By repository: the same image may be in several, with other credentials. */
  readonly credentialMapping: Readonly<Record<string, ImageCredentials>>;
}

/** Pulls of one image that are on their way. */
interface Intent {
  readonly count: number;
  /** It was here before them, and not by a pull. */
  readonly loaded: string | undefined;
}

const apiVersion = 'kubelet.config.k8s.io/v1beta1';
/** Those who know the same credentials are remembered up to this many for an image; the registry is asked for more. */
const maxSecrets = 100;

/** Takes up what pulls have left behind that did not end. Throws GrpcError. */
export async function openPullRecords(
  directory: string,
  verification: Verification,
  runtime: Pick<ContainerRuntime, 'imageStatus'>,
): Promise<PullRecords> {
  const pullingDir = path.join(directory, 'pulling');
  const pulledDir = path.join(directory, 'pulled');
  for (const each of [pullingDir, pulledDir]) await fs.mkdir(each, { recursive: true, mode: 0o700 });
  const intents = new Map<string, Intent>();
  let writes: Promise<unknown> = Promise.resolve();
  const intentFile = (image: string) => path.join(pullingDir, fileName(image));
  const recordFile = (imageRef: string) => path.join(pulledDir, fileName(imageRef));

  /** One change at a time. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = writes.then(work);
    writes = done.catch(() => undefined);
    return done;
  };

  const add = async (image: string, imageRef: string, more: ImageCredentials | undefined): Promise<void> => {
    const old = await readRecord(recordFile(imageRef));
    const mapping = old === 'unreadable' ? {} : (old?.credentialMapping ?? {});
    const repository = repositoryOf(image);
    const known = getOwn(mapping, repository);
    const merged = more && merge(known, more);
    if (old !== undefined && old !== 'unreadable' && (merged === undefined || merged === known)) return;
    const entries = Object.entries(mapping).filter(([name]) => name !== repository);
    await writeWhole(recordFile(imageRef), {
      kind: 'ImagePulledRecord',
      apiVersion,
      lastUpdatedTime: new Date().toISOString(),
      imageRef,
      credentialMapping: Object.fromEntries(merged ? [...entries, [repository, merged]] : Object.entries(mapping)),
    } satisfies PulledRecord);
  };

  const endIntent = async (image: string): Promise<void> => {
    const { count = 1, loaded } = intents.get(image) ?? {};
    if (count > 1) {
      intents.set(image, { count: count - 1, loaded });
      return;
    }
    await fs.rm(intentFile(image), { force: true });
    intents.delete(image);
  };
  const wasBegun = async (image: string) => (await fs.stat(intentFile(image)).catch(() => undefined)) !== undefined;

  for (const file of await fs.readdir(pullingDir)) {
    const image = await readIntent(path.join(pullingDir, file));
    if (image === undefined) continue;
    const found = (await runtime.imageStatus({ image: { image } })).image;
    if (!found) continue;
    await add(image, found.id, undefined);
    await fs.rm(intentFile(image), { force: true });
  }

  return {
    async mustPull(image, imageRef, credentials) {
      const record = await readRecord(recordFile(imageRef));
      const isLoaded = intents.get(image)?.loaded === imageRef;
      const pulledHere = record !== undefined || (!isLoaded && (await wasBegun(image)));
      if (!mustVerify(verification, image, pulledHere)) return false;
      if (record === undefined || record === 'unreadable') return true;
      const known = getOwn(record.credentialMapping, repositoryOf(image));
      if (known?.nodePodsAccessible) return false;
      const secrets = known?.kubernetesSecrets ?? [];
      for (const { secret, hash } of credentials) {
        const same = secrets.find((each) => each.credentialHash === hash || isSame(each, secret));
        if (!same) continue;
        const exact = same.credentialHash === hash && isSame(same, secret);
        // It is to be known when the other Secret is gone, or changed; that it is not does no harm.
        if (!exact && secrets.length < maxSecrets)
          await inTurn(() => add(image, imageRef, ofSecret({ secret, hash }))).catch(() => undefined);
        return false;
      }
      return true;
    },
    begin: (image, before) =>
      inTurn(async () => {
        const running = intents.get(image);
        if (running) {
          intents.set(image, { ...running, count: running.count + 1 });
          return;
        }
        const isLoaded =
          before !== undefined && !(await wasBegun(image)) && (await readRecord(recordFile(before))) === undefined;
        await writeWhole(intentFile(image), { kind: 'ImagePullIntent', apiVersion, image });
        intents.set(image, { count: 1, loaded: isLoaded ? before : undefined });
      }),
    succeeded: (image, imageRef, credential) =>
      inTurn(async () => {
        await add(image, imageRef, credential ? ofSecret(credential) : { nodePodsAccessible: true });
        await endIntent(image);
      }),
    failed: (image) => inTurn(() => endIntent(image)),
    prune: (imageRefs, since) =>
      inTurn(async () => {
        const kept = new Set([...imageRefs].map(fileName));
        for (const name of await fs.readdir(pulledDir)) {
          const file = path.join(pulledDir, name);
          if (!kept.has(name) && (await fs.stat(file)).mtimeMs < since) await fs.rm(file, { force: true });
        }
      }),
  };
}

function fileName(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('hex')}`;
}

function ofSecret({ secret, hash }: Pick<PullCredential, 'secret' | 'hash'>): ImageCredentials {
  return { kubernetesSecrets: [{ ...secret, credentialHash: hash }] };
}

function isSame(a: PullCredential['secret'], b: PullCredential['secret']): boolean {
  return a.uid === b.uid && a.namespace === b.namespace && a.name === b.name;
}

/** `known` itself when nothing is new. What all may use stays so. */
function merge(known: ImageCredentials | undefined, more: ImageCredentials): ImageCredentials {
  if (known === undefined || known.nodePodsAccessible) return known ?? more;
  if (more.nodePodsAccessible) return more;
  const added = more.kubernetesSecrets ?? [];
  const secrets = known.kubernetesSecrets ?? [];
  if (
    added.every((each) => secrets.some((other) => isSame(each, other) && each.credentialHash === other.credentialHash))
  )
    return known;
  return { kubernetesSecrets: [...secrets.filter((each) => !added.some((other) => isSame(each, other))), ...added] };
}

/** A crash leaves the old file or the new one, and a power failure no half of one. */
async function writeWhole(file: string, value: object): Promise<void> {
  const handle = await fs.open(`${file}.new`, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(value));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await fs.rename(`${file}.new`, file);
}

async function readIntent(file: string): Promise<string | undefined> {
  const value = await readObject(file);
  return value && 'image' in value && typeof value.image === 'string' ? value.image : undefined;
}

/** `unreadable`: there is one, so the image was pulled, but nobody knows with what. */
async function readRecord(file: string): Promise<PulledRecord | 'unreadable' | undefined> {
  const value = await readObject(file);
  if (value === undefined) return undefined;
  const complete =
    'credentialMapping' in value && typeof value.credentialMapping === 'object' && value.credentialMapping !== null;
  // as: written by this agent, in a directory that is root's alone; what is missing of an entry matches no credentials.
  return complete ? (value as PulledRecord) : 'unreadable';
}

/** Undefined when there is no such file, and empty when it cannot be read. */
async function readObject(file: string): Promise<object | undefined> {
  try {
    const value: unknown = parseJson(await fs.readFile(file, 'utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : {};
  }
}
