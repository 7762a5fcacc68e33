// What each type of volume names: the Node authorizer lets a node read that, and the node asks for it. Apart from the types' own files, since
// functions that only look for references load none of the validation in those.

import type { InlineSource, PersistentSource, VolumeTypeName } from './volume-type.ts';

export interface SecretReference {
  /** Empty or missing: the namespace of whoever uses the volume. */
  readonly namespace?: string;
  readonly name?: string;
}

/** Names in the pod's namespace; claims are in semantics/claims.ts. A name that is missing or empty is none. */
interface References<Inline = object, Persistent = object> {
  secrets?(source: Inline): readonly (string | undefined)[];
  configMaps?(source: Inline): readonly (string | undefined)[];
  persistentSecrets?(source: Persistent): readonly (SecretReference | undefined)[];
}

interface Referring {
  readonly secretRef?: SecretReference;
}

const nothing: References = {};

const secretRef: References<Referring, Referring> = {
  secrets: (source) => [source.secretRef?.name],
  persistentSecrets: (source) => [source.secretRef],
};

/** Of each field that a volume or a PersistentVolume can have: the compiler asks for the others. */
const all: { readonly [Name in VolumeTypeName]: References<InlineSource<Name>, PersistentSource<Name>> } = {
  awsElasticBlockStore: nothing,
  azureDisk: nothing,
  azureFile: {
    secrets: ({ secretName }) => [secretName],
    persistentSecrets: ({ secretNamespace, secretName }) => [{ namespace: secretNamespace ?? '', name: secretName }],
  },
  cephfs: secretRef,
  cinder: secretRef,
  configMap: { configMaps: ({ name }) => [name] },
  csi: {
    secrets: ({ nodePublishSecretRef }) => [nodePublishSecretRef?.name],
    persistentSecrets: (source) => [
      source.controllerPublishSecretRef,
      source.controllerExpandSecretRef,
      source.nodePublishSecretRef,
      source.nodeStageSecretRef,
      source.nodeExpandSecretRef,
    ],
  },
  downwardAPI: nothing,
  emptyDir: nothing,
  ephemeral: nothing,
  fc: nothing,
  flexVolume: secretRef,
  flocker: nothing,
  gcePersistentDisk: nothing,
  gitRepo: nothing,
  glusterfs: nothing,
  hostPath: nothing,
  image: nothing,
  iscsi: secretRef,
  local: nothing,
  nfs: nothing,
  persistentVolumeClaim: nothing,
  photonPersistentDisk: nothing,
  portworxVolume: nothing,
  projected: {
    secrets: ({ sources }) => (sources ?? []).map(({ secret }) => secret?.name),
    configMaps: ({ sources }) => (sources ?? []).map(({ configMap }) => configMap?.name),
  },
  quobyte: nothing,
  rbd: secretRef,
  scaleIO: secretRef,
  secret: { secrets: ({ secretName }) => [secretName] },
  storageos: secretRef,
  vsphereVolume: nothing,
};

// as: which row goes with a source is said by the source's field; the functions below are the one place where the two meet.
const byName: ReadonlyMap<string, References> = new Map(Object.entries(all as Readonly<Record<string, References>>));

export interface NamedObjects {
  readonly secrets: string[];
  readonly configMaps: string[];
}

/** What a pod's volume names in the pod's namespace. */
export function namedBy(volume: object): NamedObjects {
  const secrets: string[] = [];
  const configMaps: string[] = [];
  for (const [references, source] of referring(volume)) {
    for (const name of references.secrets?.(source) ?? []) if (name) secrets.push(name);
    for (const name of references.configMaps?.(source) ?? []) if (name) configMaps.push(name);
  }
  return { secrets, configMaps };
}

/** The Secrets that a PersistentVolume's spec names. */
export function persistentSecretsOf(spec: object): SecretReference[] {
  return referring(spec).flatMap(([references, source]) =>
    (references.persistentSecrets?.(source) ?? []).filter((each) => each !== undefined),
  );
}

function referring(sources: object): [References, object][] {
  const found: [References, object][] = [];
  for (const [field, source] of Object.entries(sources)) {
    const references = byName.get(field);
    if (references && references !== nothing && source) found.push([references, source]);
  }
  return found;
}
