// The real CNI plugins, called as a container runtime calls them.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Sandbox } from './sandbox.ts';

/** Where they are; undefined where they are not. */
export const cniPlugins = ['/usr/lib/cni', '/opt/cni/bin'].find((folder) => existsSync(join(folder, 'portmap')));

interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly { readonly type: string }[];
}

export interface CniResult {
  readonly ips?: readonly { readonly address: string }[];
}

/** Calls one plugin of the node's list for a pod, in its network namespace; resolves with its result, rejects with what it says is wrong. */
export type CallPlugin = (command: 'ADD' | 'DEL', type: string, prevResult?: unknown) => Promise<CniResult>;

/** `pod`: its network namespace. It has port 8080 at 8088 of the node. */
export function pluginsFor(sandbox: Sandbox, pod: string): CallPlugin {
  const text = readFileSync(join(sandbox.options.cniConfDir, '10-zeroplane.conflist'), 'utf8');
  const { cniVersion, name, plugins }: Conflist = JSON.parse(text);
  const runtimeConfig = { portMappings: [{ hostPort: 8088, containerPort: 8080, protocol: 'tcp' }] };
  return (command, type, prevResult) => {
    const { promise, resolve, reject } = Promise.withResolvers<CniResult>();
    const config = { ...plugins.find((each) => each.type === type), cniVersion, name, runtimeConfig, prevResult };
    const child = execFile(
      'nsenter',
      [`--net=/run/netns/${sandbox.node}`, join(cniPlugins ?? '', type)],
      {
        env: {
          ...process.env,
          CNI_COMMAND: command,
          CNI_CONTAINERID: 'pod1',
          CNI_NETNS: `/run/netns/${pod}`,
          CNI_IFNAME: 'eth0',
          CNI_PATH: cniPlugins,
        },
      },
      (error, stdout) => (error === null ? resolve(JSON.parse(stdout || '{}')) : reject(new Error(stdout))),
    );
    child.stdin?.end(JSON.stringify(config));
    return promise;
  };
}
