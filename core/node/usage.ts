// What a node and its containers use, in few bytes: it lies beside the node's heartbeat (core/store/heartbeats.ts), which costs the same
// on DynamoDB while both fit into a kilobyte. So containers stand there by a hash of their name, for who knows which pods there are.

import type { UsageReport } from './protocol.ts';

/** Nanocores and bytes; kept to a hundredth of a millicore and to 16 KiB. */
export interface Used {
  readonly cpu: number;
  readonly memory: number;
}

export interface NodeUsage {
  /** When the control plane heard of it, in Unix milliseconds. */
  readonly heardAt: number;
  /** When the node measured it, by its own clock: RFC 3339. */
  readonly time: string;
  readonly windowSeconds: number;
  readonly node: Used;
  /** Undefined: nothing was said of it. */
  container(namespace: string, pod: string, name: string): Used | undefined;
}

/** Other formats than this one are read as if nothing had been said. */
const format = 1;
const nanocoresAUnit = 10_000;
const bytesAUnit = 16 * 1024;

/** `heardAt`: Unix milliseconds. 8 bytes a container that uses less than 160 millicores and 256 MiB, 10 for most others. */
export function packUsage({ time, windowSeconds, node, pods }: UsageReport, heardAt: number): Uint8Array {
  const used = new Map<number, { readonly path: string; readonly used: Used }>();
  const shared = new Set<number>();
  for (const { namespace, name, containers } of pods)
    for (const container of containers) {
      const path = pathOf(namespace, name, container.name);
      const hash = hashOf(path);
      const before = used.get(hash);
      if (before && before.path !== path) shared.add(hash);
      used.set(hash, { path, used: container });
    }
  // Of two with one hash (one pair in a million nodes) nobody could tell which is which.
  for (const hash of shared) used.delete(hash);
  const bytes: number[] = [format];
  for (const value of [heardAt, Date.parse(time), windowSeconds]) putNumber(bytes, value);
  putUsed(bytes, node);
  for (const [hash, each] of used) {
    bytes.push(hash >>> 24, (hash >>> 16) & 0xff, (hash >>> 8) & 0xff, hash & 0xff);
    putUsed(bytes, each.used);
  }
  return Uint8Array.from(bytes);
}

/** Undefined for bytes of another format. */
export function unpackUsage(bytes: Uint8Array): NodeUsage | undefined {
  if (bytes[0] !== format) return undefined;
  const reader = { bytes, at: 1 };
  const [heardAt, time, windowSeconds] = [takeNumber(reader), takeNumber(reader), takeNumber(reader)];
  const node = takeUsed(reader);
  const used = new Map<number, Used>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (reader.at + 4 < bytes.length) {
    const hash = view.getUint32(reader.at);
    reader.at += 4;
    used.set(hash, takeUsed(reader));
  }
  return {
    heardAt,
    time: new Date(time).toISOString(),
    windowSeconds,
    node,
    container: (namespace, pod, name) => used.get(hashOf(pathOf(namespace, pod, name))),
  };
}

/** No part of it holds a slash. */
function pathOf(namespace: string, pod: string, container: string): string {
  return `${namespace}/${pod}/${container}`;
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function putUsed(bytes: number[], { cpu, memory }: Used): void {
  putNumber(bytes, cpu / nanocoresAUnit);
  putNumber(bytes, memory / bytesAUnit);
}

interface Reader {
  readonly bytes: Uint8Array;
  at: number;
}

function takeUsed(reader: Reader): Used {
  const [cpu, memory] = [takeNumber(reader), takeNumber(reader)];
  return { cpu: cpu * nanocoresAUnit, memory: memory * bytesAUnit };
}

/** Seven bits a byte, the lowest first; whole numbers up to 2^53. */
function putNumber(bytes: number[], value: number): void {
  let rest = Math.max(0, Math.round(value));
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}

function takeNumber(reader: Reader): number {
  let value = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = reader.bytes[reader.at++] ?? 0;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
