// A machine of the tests' own: a network namespace with loopback, one address and a default route, in which a whole cluster
// runs apart from the machine's network and from other tests. Everything it makes goes with `remove`.

import { execFileSync } from 'node:child_process';
import { type Ran, runTool, tool } from './kubectl.ts';
import { addNamespaces, removeNamespaces } from './namespaces.ts';

export interface Host {
  readonly name: string;
  readonly address: string;
  /** Runs a program inside, to its end. */
  run(file: string, ...args: string[]): Promise<Ran>;
  /** The words that put a command inside: prefix of an argument vector. */
  readonly enter: readonly string[];
  remove(): void;
}

/** `name` of at most 9 characters; `address` such as 10.210.0.1, of a network that only this host has. */
export function createHost(name: string, address: string): Host {
  const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const inside = (...args: string[]) => ip('-n', name, ...args);
  addNamespaces([name]);
  const enter = ['nsenter', `--net=/run/netns/${name}`] as const;
  const remove = () => removeNamespaces([name]);
  try {
    inside('link', 'set', 'lo', 'up');
    inside('link', 'add', 'eth0', 'type', 'bridge');
    inside('addr', 'add', `${address}/24`, 'dev', 'eth0');
    inside('link', 'set', 'eth0', 'up');
    // Packets to Service addresses are routed before the rules rewrite them: without a default route they would be refused.
    inside('route', 'add', 'default', 'dev', 'eth0');
  } catch (error) {
    remove();
    throw error;
  }
  return { name, address, enter, run: (file, ...args) => runTool(enter[0], [enter[1], file, ...args]), remove };
}

/** kubectl on that host. */
export function kubectlOn(host: Host, kubeconfig: string) {
  return (...args: string[]) => host.run(tool('kubectl'), '--kubeconfig', kubeconfig, ...args);
}
