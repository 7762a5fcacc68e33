// Files of several sources in one volume.

import type { V1VolumeProjection } from '../../../generated/kubernetes.ts';
import { VolumeError } from '../volume-error.ts';
import type { NodeVolumeTypeOf, VolumeContext, VolumeFiles } from '../volume-type.ts';
import { configMapFiles } from './config-map.ts';
import { downwardFiles } from './downward-api.ts';
import { secretFiles } from './secret.ts';

export const projected: NodeVolumeTypeOf<'projected'> = {
  // Tokens and Secrets are among its sources.
  inMemory: true,
  async files({ sources, defaultMode = 0o644 }, context) {
    const files: VolumeFiles = new Map();
    for (const source of sources ?? [])
      for (const [name, file] of await filesOf(source, defaultMode, context)) files.set(name, file);
    return files;
  },
};

async function filesOf(source: V1VolumeProjection, mode: number, context: VolumeContext): Promise<VolumeFiles> {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap) return configMapFiles(configMap.name ?? '', { ...picking(configMap), mode }, context);
  if (secret) return secretFiles(secret.name ?? '', { ...picking(secret), mode }, context);
  if (downwardAPI) return downwardFiles(downwardAPI.items ?? [], mode, context);
  if (serviceAccountToken) {
    const { audience, expirationSeconds = 3600, path } = serviceAccountToken;
    const token = await context.tokens.token(context.pod, audience, Number(expirationSeconds));
    return new Map([[path, { content: Buffer.from(token), mode }]]);
  }
  throw new VolumeError(
    `volume "${context.name}" projects a source that this node does not support (clusterTrustBundle, podCertificate)`,
  );
}

function picking({ items, optional }: NonNullable<V1VolumeProjection['secret']>) {
  return { items, optional };
}
