// Images without a registry: archives brought to the node, and the examples' images, built from programs of this machine.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listImages, loadImage } from '../agent/images/load.ts';
import { ociArchive } from '../agent/images/oci.ts';
import { errorText } from '../core/machinery/error-text.ts';
import { type Cluster, readCluster } from './cluster.ts';
import { busyboxImages, type ExampleImage, packageImages } from './example-images.ts';
import { processFiles, runningPid } from './process.ts';
import { runSteps, sayProgress } from './progress.ts';
import { UserError } from './user-error.ts';

/** `zeroplane image load FILE...`: the names of what is there now. */
export async function loadImages(files: readonly string[], options: { dataDir: string }): Promise<string[]> {
  const cluster = runningCluster(options.dataDir);
  const loaded: string[] = [];
  for (const file of files) {
    if (!existsSync(file)) throw new UserError(`image load: there is no file ${file}`);
    const names = await loadImage(agentDir(cluster), file).catch((error: unknown) => {
      const why = errorText(error);
      throw new UserError(`image load: ${file} is not an OCI or Docker image archive: ${why}`);
    });
    loaded.push(...names);
    for (const name of names) sayProgress(`loaded ${name}`);
    if (names.length === 0) {
      throw new UserError(`image load: ${file} names no image: save it with a tag, as \`docker save NAME:TAG\` does`);
    }
  }
  return loaded;
}

/** `zeroplane images`: all images of the examples, loaded into the node or written to the directory `to`. */
export async function exampleImages(options: {
  dataDir: string;
  to: string | undefined;
}): Promise<{ readonly name: string; readonly file?: string }[]> {
  const made: { readonly name: string; readonly file?: string }[] = [];
  const cluster = options.to ? undefined : runningCluster(options.dataDir);
  const scratch = mkdtempSync(join(tmpdir(), 'zeroplane-images-'));
  try {
    const directory = options.to ?? scratch;
    mkdirSync(directory, { recursive: true });
    await runSteps(
      [...busyboxImages, ...packageImages].map((image) => ({
        title: image.name,
        run: async (say) => {
          const file = join(directory, `${image.name.replaceAll(/[/:]/g, '_')}.tar`);
          writeFileSync(file, ociArchive(await image.build(say)));
          made.push({ name: image.name, ...(!cluster && { file }) });
          if (!cluster) return `${image.name} -> ${file}`;
          say('loading');
          await loadImage(agentDir(cluster), file);
          return undefined;
        },
      })),
    );
    return made;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** The small images that examples/web.yaml needs, so that a new cluster can run it at once. Those that are there already stay. */
export async function loadExampleWebImages(cluster: Cluster): Promise<void> {
  const present = new Set(await listImages(agentDir(cluster)));
  const missing = busyboxImages.filter((image) => !present.has(image.name));
  for (const image of missing) await buildAndLoad(cluster, image);
}

async function buildAndLoad(cluster: Cluster, image: ExampleImage): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'zeroplane-image-'));
  try {
    const file = join(scratch, 'image.tar');
    writeFileSync(file, ociArchive(await image.build(() => {})));
    await loadImage(agentDir(cluster), file);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function runningCluster(dataDir: string): Cluster {
  const cluster = readCluster(dataDir);
  if (!cluster) throw new UserError(`no cluster in ${dataDir}: start one with \`zeroplane up\``);
  if (runningPid(processFiles(dataDir, 'agent')) === undefined) {
    throw new UserError('the node agent does not run: start it with `zeroplane up`');
  }
  return cluster;
}

export function agentDir(cluster: Cluster): string {
  return join(cluster.dataDir, 'agent');
}
