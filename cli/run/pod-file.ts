// The Pod that a run starts from, as its user wrote it.

import { readFileSync } from 'node:fs';
import { errorText } from '../../core/machinery/error-text.ts';
import { decodeYaml } from '../../core/machinery/yaml.ts';
import { CommandLineError } from '../../core/process/command-line.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { helperNames } from './helper-containers.ts';

/** `imageGiven`: the first container needs none. Throws CommandLineError; what the fields say is for the API server to judge. */
export function readPodFile(file: string, imageGiven: boolean): Partial<Pick<V1Pod, 'metadata' | 'spec'>> {
  const pod = decoded(file);
  if (pod.kind !== 'Pod' || pod.apiVersion !== 'v1')
    throw new CommandLineError(`--file: ${file} is no Pod of v1: write apiVersion: v1, kind: Pod and its spec`);
  const containers = pod.spec?.containers;
  if (!Array.isArray(containers) || containers.length === 0)
    throw new CommandLineError(
      `--file: ${file}: spec.containers must have a container, which is the one that runs the command`,
    );
  if (containers[0]?.image === undefined && !imageGiven)
    throw new CommandLineError(`--file: ${file}: spec.containers[0].image is missing: name one there, or with --image`);
  const taken: readonly string[] = Object.values(helperNames);
  const clash = [...containers, ...(pod.spec?.initContainers ?? [])].find(({ name }) => taken.includes(name));
  if (clash)
    throw new CommandLineError(`--file: ${file}: a container may not be called ${clash.name}: name it otherwise`);
  return { ...(pod.metadata && { metadata: pod.metadata }), ...(pod.spec && { spec: pod.spec }) };
}

function decoded(file: string): V1Pod {
  try {
    // as: a Pod as far as is looked at above.
    return (decodeYaml(readFileSync(file)).value ?? {}) as V1Pod;
  } catch (error) {
    throw new CommandLineError(`--file: ${file}: ${errorText(error)}`);
  }
}
