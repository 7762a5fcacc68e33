// YAML answers at the edge: its library is loaded for the first client that asks for them.

import type { MediaTypeOptions } from './negotiate.ts';

type Yaml = typeof import('../../../core/machinery/yaml.ts');

let yaml: Yaml | undefined;

/** To be awaited before anything is answered in a media type. */
export async function loadYamlFor({ encoding, fallback }: MediaTypeOptions): Promise<void> {
  if (encoding === 'yaml' || fallback?.encoding === 'yaml') yaml ??= await import('../../../core/machinery/yaml.ts');
}

export function toYaml(value: unknown): string {
  if (!yaml) throw new Error('an answer is in YAML and nobody awaited its library');
  return yaml.encodeYaml(value);
}
