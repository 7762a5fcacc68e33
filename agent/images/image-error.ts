export type ImageReason =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError';

/** An image that is not there to run. `reason` is what the container's status shows while it waits. */
export class ImageError extends Error {
  readonly reason: ImageReason;

  constructor(reason: ImageReason, text: string) {
    super(text);
    this.name = 'ImageError';
    this.reason = reason;
  }
}
