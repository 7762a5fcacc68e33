export type ImageReason =
  | 'ErrImagePull'
  | 'ImagePullBackOff'
  | 'ErrImageNeverPull'
  | 'InvalidImageName'
  | 'ImageInspectError';

/** An image that is not there to run, or to be a volume. `reason` is what the container's status shows while it waits. */
export class ImageError extends Error {
  readonly reason: ImageReason;
  readonly image: string;

  constructor(reason: ImageReason, image: string, text: string) {
    super(text);
    this.name = 'ImageError';
    this.reason = reason;
    this.image = image;
  }
}
