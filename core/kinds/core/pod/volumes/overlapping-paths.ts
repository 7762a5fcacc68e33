// Warnings about files of a volume that would lie at or below one another.

import { withoutEnd } from '../../../../machinery/text-ends.ts';

/** Each file is compared with each: of a volume with more these are reported. */
const mostCompared = 500;

export interface PlacedFile {
  readonly path: string;
  /** Nothing where the volume has one source. */
  readonly kind: string | undefined;
  readonly name: string | undefined;
}

/** Of a volume with several sources each file says which it is of. */
export function filesOf(
  items: readonly { readonly path: string }[] | undefined,
  kind?: string,
  name?: string,
): readonly PlacedFile[] {
  const placed: PlacedFile[] = [];
  for (const { path } of items ?? []) if (path) placed.push({ path, kind, name });
  return placed;
}

/** Two files that are one, or of which one would be the other's folder. */
export function overlaps(volume: string, kind: string, name: string | undefined, all: readonly PlacedFile[]): string[] {
  const warnings: string[] = [];
  all.slice(0, mostCompared).forEach((file, index) => {
    for (let before = 0; before < index; before++) {
      const other = all[before]!;
      if (isWithin(file.path, other.path) || isWithin(other.path, file.path))
        warnings.push(
          `volume ${JSON.stringify(volume)} (${sourceOf(kind, name)}): overlapping paths: ${written(file)} with ${written(other)}`,
        );
    }
  });
  return warnings;
}

function isWithin(path: string, folder: string): boolean {
  const whole = withoutSlash(folder);
  return path.startsWith(whole) && (path.length === whole.length || path[whole.length] === '/');
}

function withoutSlash(path: string): string {
  return withoutEnd(path, '/');
}

function sourceOf(kind: string, name: string | undefined): string {
  return name === undefined ? kind : `${kind} ${JSON.stringify(name)}`;
}

function written({ path, kind, name }: PlacedFile): string {
  const text = JSON.stringify(withoutSlash(path));
  return kind === undefined ? text : `${text} (${sourceOf(kind, name)})`;
}
