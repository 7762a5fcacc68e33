// A copy of a Git repository, which no node makes any more.

import { localDescendingPath } from '../file-path.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const gitRepo: VolumeTypeOf<'gitRepo'> = {
  needs: ['repository'],
  validate: ({ directory = '' }, { path }) => localDescendingPath(directory, `${path}.directory`),
  gone: 'gitRepo: deprecated in v1.11',
  inline: { podSecurity: 'baseline' },
};
