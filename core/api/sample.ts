// A valid object of a built-in type, in a form as full as a test of its readers needs: what sample.ts of a kind's folder holds, for tests that
// go through all types. Labels and annotations stand in it where nothing else asks for others.

import type { ObjectMeta } from '../machinery/object.ts';

/** By version. */
export type Sample = Readonly<Record<string, SampleObject>>;

export type SampleObject = Readonly<Record<string, unknown>> & {
  readonly metadata: ObjectMeta & { readonly name: string };
};

export const sampleMetadata = { name: 'sample', labels: { app: 'x' }, annotations: { note: 'y' } };
