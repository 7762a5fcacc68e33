/** A volume that cannot be mounted (yet). The pod's containers wait, and it is tried again. */
export class VolumeError extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'VolumeError';
  }
}
