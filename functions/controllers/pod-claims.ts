// Which claims a pod mounts: those that it names, and those that are made for it alone (generic ephemeral volumes).

interface Mounting {
  readonly metadata: { readonly name?: string };
  readonly spec?: {
    readonly volumes?: {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
      readonly ephemeral?: object;
    }[];
  };
}

/** Names, in the pod's namespace. */
export function claimNames({ metadata, spec }: Mounting): string[] {
  return (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName];
    return ephemeral ? [`${metadata.name}-${name}`] : [];
  });
}
