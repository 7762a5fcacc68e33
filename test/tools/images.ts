// Images for tests: those of the examples, built once for all test files of a run and kept among the packages' caches.

import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ociArchive } from '../../agent/images/oci.ts';
import { busyboxImages, packageImages } from '../../local/example-images.ts';
import type { TestCluster } from './cluster.ts';

const cache = join(import.meta.dirname, '../../node_modules/.cache/zeroplane-images');

/** The archive of an image of the examples, such as `zeroplane.local/node:24`. */
export async function exampleArchive(name: string): Promise<string> {
  const file = join(cache, `${name.replaceAll(/[/:]/g, '_')}.tar`);
  const source = join(import.meta.dirname, '../../local/example-images.ts');
  if (existsSync(file) && statSync(file).mtimeMs > statSync(source).mtimeMs) return file;
  const image = [...busyboxImages, ...packageImages].find((each) => each.name === name);
  if (!image) throw new Error(`the examples have no image ${name}`);
  mkdirSync(cache, { recursive: true });
  writeFileSync(`${file}.${process.pid}`, ociArchive(await image.build(() => {})));
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

export async function loadExampleImage(cluster: TestCluster, name: string): Promise<void> {
  const { code, stderr } = await cluster.zeroplane('image load', await exampleArchive(name));
  if (code !== 0) throw new Error(`image load exited ${code}: ${stderr}`);
}
