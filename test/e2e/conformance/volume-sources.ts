// The volumes that pods get their configuration from, each in its two forms: by itself, and as a part of a projected volume.

import type { V1Volume } from '../../../generated/kubernetes.ts';

export type Source = Omit<V1Volume, 'name'>;

export interface SourceOptions {
  readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[];
  readonly defaultMode?: number;
}

/** What `configurationObjects` of the tests hold. */
export const configMapName = 'volume-map';
export const secretName = 'volume-secret';

const mutable = ({ items, defaultMode }: SourceOptions) => ({
  ...(items && { items: items.map((each) => ({ ...each })) }),
  ...(defaultMode !== undefined && { defaultMode }),
});

export const configMap = (options: SourceOptions = {}): Source => ({
  configMap: { name: configMapName, ...mutable(options) },
});
export const secret = (options: SourceOptions = {}): Source => ({ secret: { secretName, ...mutable(options) } });

function projected(kind: 'configMap' | 'secret', name: string, { items, defaultMode }: SourceOptions): Source {
  const source = { name, ...(items && { items: items.map((each) => ({ ...each })) }) };
  return { projected: { sources: [{ [kind]: source }], ...(defaultMode !== undefined && { defaultMode }) } };
}

export const projectedConfigMap = (options: SourceOptions = {}): Source =>
  projected('configMap', configMapName, options);
export const projectedSecret = (options: SourceOptions = {}): Source => projected('secret', secretName, options);

export interface DownwardItem {
  readonly path: string;
  readonly fieldRef?: { readonly fieldPath: string };
  /** `containerName: 'self'` is the container that mounts it. */
  readonly resourceFieldRef?: { readonly containerName: 'self'; readonly resource: string };
  readonly mode?: number;
}

export const downward = (items: readonly DownwardItem[], defaultMode?: number): Source => ({
  downwardAPI: { items: [...items], ...(defaultMode !== undefined && { defaultMode }) },
});

export const projectedDownward = (items: readonly DownwardItem[], defaultMode?: number): Source => ({
  projected: {
    sources: [{ downwardAPI: { items: [...items] } }],
    ...(defaultMode !== undefined && { defaultMode }),
  },
});

/** The file `podname`. */
export const podName = (mode?: number): DownwardItem => ({
  path: 'podname',
  fieldRef: { fieldPath: 'metadata.name' },
  ...(mode !== undefined && { mode }),
});

/** The file `amount`, of the container that mounts it. */
export const amount = (resource: string): DownwardItem => ({
  path: 'amount',
  resourceFieldRef: { containerName: 'self', resource },
});
