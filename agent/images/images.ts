// Sees to it that a container's image is there, and that its pod may have it: pull policy, credentials, one pull at a time for each image.

import type { V1Secret } from '../../generated/kubernetes.ts';
import { GrpcError } from '../cri/grpc.ts';
import type { ImageInfo } from '../cri/messages.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { ImageError } from './image-error.ts';
import { imageNameFault } from './image-name.ts';
import type { PullRecords } from './pull-records.ts';
import { credentialsFor, type PullCredential } from './pull-secret.ts';

export interface ImageRequest {
  readonly image: string;
  readonly policy: 'Always' | 'IfNotPresent' | 'Never';
  readonly secrets: readonly V1Secret[];
  /** Told when a pull begins and when it has ended. */
  readonly onPull?: (text: string, done: boolean) => void;
}

export interface Images {
  /** Throws ImageError. */
  ensure(request: ImageRequest): Promise<ImageInfo>;
}

export function createImages(
  runtime: Pick<ContainerRuntime, 'imageStatus' | 'pullImage'>,
  records: PullRecords,
): Images {
  const pulling = new Map<string, Promise<Pulled>>();

  const present = async (image: string): Promise<ImageInfo | undefined> => {
    try {
      return (await runtime.imageStatus({ image: { image } })).image;
    } catch (error) {
      throw new ImageError('ImageInspectError', image, `Failed to inspect image "${image}": ${text(error)}`);
    }
  };

  const asking = new Map<string, Promise<ImageInfo | undefined>>();
  /** Of many pods that start at once with one image, the runtime is asked once. */
  const askedTogether = (image: string) => {
    const asked = asking.get(image) ?? present(image).finally(() => asking.delete(image));
    asking.set(image, asked);
    return asked;
  };

  const pull = (image: string, credentials: readonly PullCredential[]): Promise<Pulled> => {
    // Pulls with different credentials are different questions to the registry.
    const key = `${image}\n${JSON.stringify(credentials.map(({ auth }) => auth))}`;
    const running = pulling.get(key);
    if (running) return running;
    const work = (async () => {
      let failure: unknown;
      for (const [taken, auth] of credentials.length > 0
        ? credentials.map((each) => each.auth).entries()
        : [[-1, undefined] as const])
        try {
          return { imageRef: (await runtime.pullImage({ image: { image }, ...(auth && { auth }) })).imageRef, taken };
        } catch (error) {
          failure = error;
        }
      throw failure;
    })().finally(() => pulling.delete(key));
    pulling.set(key, work);
    return work;
  };

  const pullRecorded = async (image: string, found: ImageInfo | undefined, credentials: readonly PullCredential[]) => {
    try {
      await records.begin(image, found?.id);
    } catch (error) {
      throw new ImageError('ErrImagePull', image, `cannot record the pull of image "${image}": ${text(error)}`);
    }
    try {
      const { imageRef, taken } = await pull(image, credentials);
      // By what was pulled: its name may mean another image by now.
      const pulled = await present(imageRef);
      if (!pulled) throw new Error('it was pulled but is not there');
      await records.succeeded(image, pulled.id, credentials[taken]);
      return pulled;
    } catch (error) {
      await records.failed(image).catch(() => undefined);
      throw new ImageError('ErrImagePull', image, `failed to pull image "${image}": ${text(error)}`);
    }
  };

  return {
    ensure: async ({ image, policy, secrets, onPull }) => {
      const fault = imageNameFault(image);
      if (fault !== undefined)
        throw new ImageError(
          'InvalidImageName',
          image,
          `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${fault}`,
        );
      const credentials = credentialsFor(image, secrets);
      const found = await askedTogether(image);
      if (found && policy !== 'Always' && !(await records.mustPull(image, found.id, credentials))) {
        onPull?.(`Container image "${image}" already present on machine`, true);
        return found;
      }
      if (policy === 'Never')
        throw new ImageError(
          'ErrImageNeverPull',
          image,
          found
            ? `Container image "${image}" is present, but was pulled with credentials that this pod does not have, and its pull policy is Never`
            : `Container image "${image}" is not present with pull policy of Never`,
        );
      onPull?.(`Pulling image "${image}"`, false);
      const started = Date.now();
      const pulled = await pullRecorded(image, found, credentials);
      onPull?.(`Successfully pulled image "${image}" in ${Date.now() - started}ms`, true);
      return pulled;
    },
  };
}

interface Pulled {
  readonly imageRef: string;
  /** Which of the credentials the registry took; -1: none were shown. */
  readonly taken: number;
}

function text(error: unknown): string {
  return error instanceof GrpcError ? `rpc error: code = ${error.code} desc = ${error.message}` : String(error);
}
