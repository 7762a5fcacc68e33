// What the API knows of one type of volume, wherever it asks: in a pod (inline) and as a PersistentVolume.

import type { V1PersistentVolumeSpec, V1Volume } from '../../../../../generated/kubernetes.ts';
import type { FieldError } from '../../../../machinery/field-error.ts';

export type InlineName = Exclude<keyof V1Volume, 'name'>;

export type PersistentName = Exclude<
  keyof V1PersistentVolumeSpec,
  | 'accessModes'
  | 'capacity'
  | 'claimRef'
  | 'mountOptions'
  | 'nodeAffinity'
  | 'persistentVolumeReclaimPolicy'
  | 'storageClassName'
  | 'volumeAttributesClassName'
  | 'volumeMode'
>;

export type VolumeTypeName = InlineName | PersistentName;

export type InlineSource<Name> = Name extends InlineName ? NonNullable<V1Volume[Name]> : never;
export type PersistentSource<Name> = Name extends PersistentName ? NonNullable<V1PersistentVolumeSpec[Name]> : never;

/** Where a source stands. */
export interface VolumePlace {
  /** The source's field: `spec.volumes[0].nfs`. */
  readonly path: string;
  /** Its owner's: `spec.volumes[0]`. */
  readonly volume: string;
  /** The volume's name. */
  readonly name: string;
}

interface InlineType<Source> {
  /** The strictest level of the Pod Security Standards at which a pod may have one. */
  readonly podSecurity: 'restricted' | 'baseline' | 'privileged';
  /** Defaults that depend on other fields; all others are in fields.ts. */
  defaults?(source: Source): void;
  /** What is wrong with a source that is wrong in a pod only. */
  validate?(source: Source, place: VolumePlace): FieldError[];
  /** Warnings about the source at `path`. */
  warnings?(source: Source, path: string): string[];
  /** Warnings about files of the volume `name` that lie at or below one another. */
  fileWarnings?(source: Source, name: string): string[];
}

interface PersistentType<Source> {
  /** What is wrong with a source that is wrong of a PersistentVolume only. */
  validate?(source: Source, place: VolumePlace): FieldError[];
}

/** `Inline` and `Persistent` are the sources' types: a few differ. What a source names is in references.ts. */
export interface VolumeType<Inline = object, Persistent = object> {
  /** Fields that may not be missing or empty. */
  readonly needs?: readonly (keyof (Inline | Persistent) & string)[];
  /** What else is wrong with a source. */
  validate?(source: Inline | Persistent, place: VolumePlace): FieldError[];
  /** Of a type that is deprecated or gone: what is said behind the path of the volume. */
  readonly gone?: string;
  readonly inline?: InlineType<Inline>;
  /** There where a PersistentVolume can be one. */
  readonly persistent?: PersistentType<Persistent>;
}

/** A type as its file has it: `inline` where a pod can have such a volume, `persistent` where a PersistentVolume can be one. */
export type VolumeTypeOf<Name extends VolumeTypeName> = VolumeType<InlineSource<Name>, PersistentSource<Name>> &
  (Name extends InlineName ? Required<Pick<VolumeType<InlineSource<Name>>, 'inline'>> : { readonly inline?: never }) &
  (Name extends PersistentName
    ? Required<Pick<VolumeType<object, PersistentSource<Name>>, 'persistent'>>
    : { readonly persistent?: never });
