// How many entries a ConfigMap or a Secret has.

export function size(map: Readonly<Record<string, string>> | undefined): number {
  return Object.keys(map ?? {}).length;
}
