// Disks of Azure.

import { type FieldError, notSupported } from '../../../../machinery/field-error.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const azureDisk: VolumeTypeOf<'azureDisk'> = {
  needs: ['diskName', 'diskURI'],
  validate: ({ diskURI, kind }, { path }) => validateUri(diskURI, kind ?? 'Shared', `${path}.diskURI`),
  inline: { podSecurity: 'baseline' },
  persistent: {},
};

/** Each kind of disk has addresses of its own form. */
const forms = {
  managed: {
    start: '/subscriptions/',
    whole: '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}',
  },
  blob: { start: 'https://', whole: 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd' },
} as const;

function validateUri(uri: string, kind: string, path: string): FieldError[] {
  const { start, whole } = kind === 'Managed' ? forms.managed : forms.blob;
  return uri.startsWith(start) ? [] : [notSupported(path, uri, [whole])];
}
