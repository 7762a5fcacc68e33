// Where in the table of its host a hosted cluster lies: behind a prefix with its uid, which is never given twice. Keys of the host's own items
// have no `/` before their first `#`.

export const hostedPrefix = 'hosted/';

const uidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Throws where it is no uid: nothing else is to be part of a key. */
export function hostedPartOf(uid: string): string {
  if (!uidPattern.test(uid)) throw new Error('a hosted cluster is kept by its uid');
  return `${hostedPrefix}${uid}/`;
}

/** Of large values, in the bucket. */
export function hostedValuesOf(uid: string): string {
  return `values/${hostedPartOf(uid)}`;
}
