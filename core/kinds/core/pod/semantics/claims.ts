// Which claims a pod mounts: those that it names, and those that are made for it alone (generic ephemeral volumes, KEP-1698).

interface MountingVolume {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly ephemeral?: object;
}

/** The claim's name, in the pod's namespace; undefined where the volume is none. */
export function claimNameOf(
  podName: string,
  { name, persistentVolumeClaim, ephemeral }: MountingVolume,
): string | undefined {
  if (persistentVolumeClaim) return persistentVolumeClaim.claimName;
  return ephemeral && `${podName}-${name}`;
}

/** Names, in the pod's namespace. */
export function claimNames(podName: string, volumes: readonly MountingVolume[] | undefined): string[] {
  return (volumes ?? []).flatMap((volume) => claimNameOf(podName, volume) ?? []);
}
