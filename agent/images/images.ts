// Sees to it that a container's image is there: pull policy, credentials, one pull at a time for each image, back-off.

import type { V1Secret } from '../../generated/kubernetes.ts';
import { GrpcError } from '../cri/grpc.ts';
import type { AuthConfigInput, ImageInfo } from '../cri/messages.ts';
import type { ContainerRuntime } from '../cri/runtime.ts';
import { ImageError } from './image-error.ts';
import { credentialsFor } from './pull-secret.ts';

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

export function createImages(runtime: ContainerRuntime): Images {
  const pulling = new Map<string, Promise<string>>();

  const present = async (image: string): Promise<ImageInfo | undefined> => {
    try {
      return (await runtime.imageStatus({ image: { image } })).image;
    } catch (error) {
      throw new ImageError('ImageInspectError', image, `Failed to inspect image "${image}": ${text(error)}`);
    }
  };

  const pull = (image: string, credentials: readonly AuthConfigInput[]): Promise<string> => {
    // Pulls with different credentials are different questions to the registry.
    const key = `${image}\n${JSON.stringify(credentials)}`;
    const running = pulling.get(key);
    if (running) return running;
    const work = (async () => {
      let failure: unknown;
      for (const auth of credentials.length > 0 ? credentials : [undefined])
        try {
          return (await runtime.pullImage({ image: { image }, ...(auth && { auth }) })).imageRef;
        } catch (error) {
          failure = error;
        }
      throw failure;
    })().finally(() => pulling.delete(key));
    pulling.set(key, work);
    return work;
  };

  return {
    ensure: async ({ image, policy, secrets, onPull }) => {
      if (!image || /\s/.test(image))
        throw new ImageError(
          'InvalidImageName',
          image,
          `Failed to apply default image tag "${image}": not a valid image name`,
        );
      const found = policy === 'Always' ? undefined : await present(image);
      if (found) {
        onPull?.(`Container image "${image}" already present on machine`, true);
        return found;
      }
      if (policy === 'Never')
        throw new ImageError(
          'ErrImageNeverPull',
          image,
          `Container image "${image}" is not present with pull policy of Never`,
        );
      onPull?.(`Pulling image "${image}"`, false);
      const started = Date.now();
      try {
        await pull(image, credentialsFor(image, secrets));
      } catch (error) {
        throw new ImageError('ErrImagePull', image, `failed to pull image "${image}": ${text(error)}`);
      }
      const pulled = await present(image);
      if (!pulled) throw new ImageError('ErrImagePull', image, `image "${image}" was pulled but is not there`);
      onPull?.(`Successfully pulled image "${image}" in ${Date.now() - started}ms`, true);
      return pulled;
    },
  };
}

function text(error: unknown): string {
  return error instanceof GrpcError ? `rpc error: code = ${error.code} desc = ${error.message}` : String(error);
}
