// A file or directory of the node.

import { type FieldError, required } from '../../../../machinery/field-error.ts';
import { noBacksteps } from '../file-path.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const hostPath: VolumeTypeOf<'hostPath'> = {
  validate: (source, { path }) => validateHostPath(source.path, `${path}.path`),
  inline: { podSecurity: 'privileged' },
  persistent: {},
};

export function validateHostPath(file: string | undefined, path: string): FieldError[] {
  return file ? noBacksteps(file, path) : [required(path)];
}
