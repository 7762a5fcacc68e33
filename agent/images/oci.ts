// An OCI image archive from files: a layer or more, one config, one manifest, loadable by `ctr images import`, skopeo and Docker.
// Source: OCI image specification 1.0 (image layout, manifest, config).

import { createHash } from 'node:crypto';
import { getOwn } from '../../core/machinery/own.ts';
import type { TarEntry } from './tar.ts';
import { tar } from './tar.ts';

export interface ImageFile {
  /** Absolute path in the image. Parent directories are made when they are not listed. */
  readonly path: string;
  readonly content?: Uint8Array | string;
  /** Makes a symbolic link to this target. */
  readonly symlink?: string;
  readonly directory?: boolean;
  /** Permission bits; 0755 for directories, 0644 for files unless given. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

export interface ImageSpec {
  /** Full reference with a tag, such as `docker.io/library/busybox:1.35`. */
  readonly name: string;
  readonly files: readonly ImageFile[];
  /** Further layers, from the lowest up; what a layer has hides what those below have at the same path. */
  readonly layersAbove?: readonly (readonly ImageFile[])[];
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  /** `NAME=value`. */
  readonly env?: readonly string[];
  /** `uid`, `uid:gid` or a name in the image's /etc/passwd. */
  readonly user?: string;
  readonly workingDir?: string;
  /** `80/tcp`. */
  readonly ports?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly stopSignal?: string;
  /** OCI's name; that of this machine unless given. */
  readonly architecture?: string;
}

/** The bytes of an OCI archive (a tar). Equal input gives equal bytes, and so the same digest. */
export function ociArchive(image: ImageSpec): Buffer {
  const layers = [image.files, ...(image.layersAbove ?? [])].map((files) => tar(layerEntries(files)));
  const architecture = image.architecture ?? hostArchitecture();
  const config = json({
    created: '1970-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config: {
      ...(image.user && { User: image.user }),
      ...(image.ports && { ExposedPorts: Object.fromEntries(image.ports.map((port) => [port, {}])) }),
      Env: image.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...(image.entrypoint && { Entrypoint: image.entrypoint }),
      ...(image.cmd && { Cmd: image.cmd }),
      ...(image.workingDir && { WorkingDir: image.workingDir }),
      ...(image.labels && { Labels: image.labels }),
      ...(image.stopSignal && { StopSignal: image.stopSignal }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map(digest) },
    history: layers.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'zeroplane' })),
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: descriptor('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
  });
  const index = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...descriptor('application/vnd.oci.image.manifest.v1+json', manifest),
        platform: { architecture, os: 'linux' },
        annotations: {
          'io.containerd.image.name': image.name,
          'org.opencontainers.image.ref.name': image.name.slice(image.name.lastIndexOf(':') + 1),
        },
      },
    ],
  });
  const blobs = [config, manifest, ...layers].map((blob) => fileEntry(`blobs/sha256/${digest(blob).slice(7)}`, blob));
  return tar([
    fileEntry('oci-layout', json({ imageLayoutVersion: '1.0.0' })),
    fileEntry('index.json', index),
    { path: 'blobs', type: 'directory', mode: 0o755 },
    { path: 'blobs/sha256', type: 'directory', mode: 0o755 },
    ...blobs,
  ]);
}

/** OCI's name of this machine's architecture. */
export function hostArchitecture(): string {
  return getOwn({ x64: 'amd64', ia32: '386' }, process.arch) ?? process.arch;
}

function layerEntries(files: readonly ImageFile[]): TarEntry[] {
  const entries = new Map<string, TarEntry>();
  for (const file of files) {
    const parts = file.path.split('/').filter((part) => part !== '');
    const path = parts.join('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const parent = parts.slice(0, depth).join('/');
      if (!entries.has(parent)) entries.set(parent, { path: parent, type: 'directory', mode: 0o755 });
    }
    const owner = { uid: file.uid ?? 0, gid: file.gid ?? 0 };
    if (file.directory) entries.set(path, { path, type: 'directory', mode: file.mode ?? 0o755, ...owner });
    else if (file.symlink !== undefined)
      entries.set(path, { path, type: 'symlink', mode: 0o777, target: file.symlink, ...owner });
    else
      entries.set(path, {
        path,
        type: 'file',
        mode: file.mode ?? 0o644,
        content: typeof file.content === 'string' ? Buffer.from(file.content) : (file.content ?? new Uint8Array(0)),
        ...owner,
      });
  }
  return [...entries.values()];
}

function fileEntry(path: string, content: Uint8Array): TarEntry {
  return { path, type: 'file', mode: 0o644, content };
}

function descriptor(mediaType: string, blob: Uint8Array) {
  return { mediaType, digest: digest(blob), size: blob.length };
}

function digest(blob: Uint8Array): string {
  return `sha256:${createHash('sha256').update(blob).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
