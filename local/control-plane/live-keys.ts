// The keys and certificates of a running control plane: read again when they changed, without a connection or a request being lost.

import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerTls } from '../../functions/apiserver/serve.ts';
import type { Cluster } from '../cluster.ts';
import { readSigningKeys } from '../signing-keys.ts';

export interface LiveKeys {
  readonly tls: () => ServerTls;
  /** Client certificate and key that extension API servers know; read for every connection. */
  readonly frontProxy: { readonly cert: string; readonly key: string };
  /** The first signs. The same array until `reload`. */
  readonly signingKeys: () => readonly string[];
  /** Looks at the files again, and tells whoever listens. */
  reload(): void;
  onReload(listener: () => void): void;
}

export function openLiveKeys(directory: string): LiveKeys {
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  let signing = readSigningKeys(directory);
  const listeners: (() => void)[] = [];
  return {
    tls: () => ({ key: read('server.key'), cert: read('server.crt'), clientCA: read('ca.crt') }),
    frontProxy: {
      get cert() {
        return read('front-proxy-client.crt');
      },
      get key() {
        return read('front-proxy-client.key');
      },
    },
    signingKeys: () => signing,
    reload() {
      signing = readSigningKeys(directory);
      for (const listener of listeners) listener();
    },
    onReload: (listener) => void listeners.push(listener),
  };
}

const leaves = ['server', 'admin', 'node', 'front-proxy-client'];
const day = 24 * 3600_000;

export interface RenewalOptions {
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Renews what ends within 30 days, looked at twice a day. Returns what to call to end that. */
export function keepRenewed(cluster: Cluster, keys: LiveKeys, { now, onError }: RenewalOptions): () => void {
  const look = () => void renewWhatEnds(cluster, keys, now()).catch(onError);
  const timer = setInterval(look, day / 2);
  timer.unref();
  look();
  return () => clearInterval(timer);
}

/** Whether there was something to renew. */
export async function renewWhatEnds(cluster: Cluster, keys: LiveKeys, now: number): Promise<boolean> {
  const ends = (file: string) => {
    const path = join(cluster.dataDir, 'pki', `${file}.crt`);
    return existsSync(path) ? new X509Certificate(readFileSync(path)).validToDate.getTime() : 0;
  };
  if (leaves.every((file) => ends(file) > now + 30 * day)) return false;
  // With its library of certificates 19 MB, which a process that renews once a year does without.
  const [{ ensurePki }, { writeKubeconfig }] = await Promise.all([import('../pki.ts'), import('../kubeconfig.ts')]);
  writeKubeconfig(cluster, await ensurePki(cluster, { now: new Date(now) }));
  keys.reload();
  return true;
}
