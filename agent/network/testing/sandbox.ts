// For tests of the real kernel: a node and pods as network namespaces of their own, made and removed by the test.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { NetworkOptions, NetworkState } from '../contract.ts';

/** Why this machine cannot run these tests; undefined when it can. */
export function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  for (const [program, version] of [
    ['nft', '--version'],
    ['ip', '-V'],
    ['nsenter', '--version'],
    ['conntrack', '--version'],
  ] as const) {
    try {
      execFileSync(program, [version], { stdio: 'ignore' });
    } catch {
      return `needs ${program}`;
    }
  }
  const probe = `zp-test-${randomBytes(3).toString('hex')}`;
  try {
    ip('netns', 'add', probe);
    ip('netns', 'del', probe);
    return undefined;
  } catch {
    return 'may not make network namespaces';
  }
}

interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Sandbox {
  readonly directory: string;
  readonly options: NetworkOptions;
  /** Plugs a pod into the node's bridge, with one address or one of each family; returns its namespace. */
  pod(address: string, ipv6?: string): string;
  /** A namespace that nothing is plugged into yet. */
  bare(): string;
  /** A namespace behind the node's uplink, with a route through the node. */
  readonly outside: string;
  readonly node: string;
  /** Runs a program in a namespace to its end. */
  inside(namespace: string, program: string, ...args: string[]): Promise<Answer>;
  /** Runs JavaScript in a namespace until the sandbox is closed; resolves when it prints `ready`. */
  serve(namespace: string, script: string, ...args: string[]): Promise<{ kill(): void }>;
  /** Runs JavaScript in a namespace to its end; returns what it prints. */
  script(namespace: string, script: string, ...args: string[]): Promise<string>;
  start(): Promise<void>;
  apply(state: Partial<NetworkState>): Promise<void>;
  /** Kills the node's network process without notice. */
  crash(): void;
  teardown(): Promise<void>;
  close(): void;
}

/** IPv6 beside the IPv4 that every sandbox has. */
export const dualStack = {
  nodeIP: 'fd77::1',
  podCIDR: 'fd10:244:0:1::/64',
  clusterCIDR: 'fd10:244::/56',
  serviceCIDR: 'fd10:96::/112',
  clusterDNS: 'fd10:96::a',
};

export function createSandbox(extra: Partial<NetworkOptions> = {}): Sandbox {
  const id = randomBytes(3).toString('hex');
  const node = `zp-test-${id}-node`;
  const outside = `zp-test-${id}-out`;
  const namespaces = [node, outside];
  const directory = mkdtempSync(join(tmpdir(), 'zp-network-'));
  const children = new Set<{ kill(): void }>();
  for (const namespace of namespaces) {
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
  }
  ip('-n', node, 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside);
  for (const [namespace, link, address, address6] of [
    [node, 'up0', '192.168.77.1/24', 'fd77::1/64'],
    [outside, 'eth0', '192.168.77.2/24', 'fd77::2/64'],
  ] as const) {
    ip('-n', namespace, 'addr', 'add', address, 'dev', link);
    if (extra.ipv6 !== undefined) ip('-n', namespace, 'addr', 'add', address6, 'dev', link, 'nodad');
    ip('-n', namespace, 'link', 'set', link, 'up');
  }
  ip('-n', outside, 'route', 'add', 'default', 'via', '192.168.77.1');
  if (extra.ipv6 !== undefined) ip('-n', outside, 'route', 'add', 'default', 'via', 'fd77::1');

  const options: NetworkOptions = {
    nodeName: 'node-1',
    nodeIP: '192.168.77.1',
    podCIDR: '10.244.1.0/24',
    clusterCIDR: '10.244.0.0/16',
    serviceCIDR: '10.96.0.0/16',
    clusterDNS: '10.96.0.10',
    clusterDomain: 'cluster.local',
    dataDir: join(directory, 'data'),
    cniConfDir: join(directory, 'cni'),
    ...extra,
  };

  const inside: Sandbox['inside'] = (namespace, program, ...args) =>
    new Promise((resolve) => {
      execFile(
        'nsenter',
        [`--net=/run/netns/${namespace}`, program, ...args],
        { timeout: 15_000 },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
      );
    });

  type Reply = { done?: true; error?: string };
  let agent: { send(command: object): Promise<Reply>; kill(): void } | undefined;
  const launch = () => {
    const entry = join(import.meta.dirname, 'node.ts');
    const child = spawn('nsenter', [`--net=/run/netns/${node}`, process.execPath, entry, JSON.stringify(options)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const errors: string[] = [];
    const waiting: ((reply: Reply) => void)[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      const reply = JSON.parse(line) as Reply;
      if (reply.error !== undefined) errors.push(reply.error);
      if (reply.done || (reply.error !== undefined && waiting.length > 0)) waiting.shift()?.(reply);
    });
    child.on('exit', (code) => {
      for (const resolve of waiting.splice(0)) resolve({ error: `the node's network ended with ${code}` });
    });
    children.add(child);
    return {
      send: (command: object) =>
        new Promise<Reply>((resolve) => {
          waiting.push(resolve);
          child.stdin.write(`${JSON.stringify(command)}\n`);
        }),
      kill: () => child.kill('SIGKILL'),
    };
  };
  const order = async (command: object) => {
    agent ??= launch();
    const reply = await agent.send(command);
    if (reply.error !== undefined) throw new Error(reply.error);
  };

  const serve: Sandbox['serve'] = (namespace, script, ...args) =>
    new Promise((resolve, reject) => {
      const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, '-e', script, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      children.add(child);
      child.stdout.once('data', () => resolve({ kill: () => child.kill('SIGKILL') }));
      child.once('exit', (code) => reject(new Error(`the server in ${namespace} ended with ${code}`)));
    });

  let pods = 0;
  const bare = () => {
    pods += 1;
    const namespace = `zp-test-${id}-pod${pods}`;
    namespaces.push(namespace);
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    return namespace;
  };
  return {
    directory,
    options,
    node,
    outside,
    inside,
    serve,
    async script(namespace, script, ...args) {
      const answer = await inside(namespace, process.execPath, '-e', script, ...args);
      if (answer.code !== 0) throw new Error(`${answer.stdout}${answer.stderr}`);
      return answer.stdout.trim();
    },
    bare,
    pod(address, ipv6) {
      const namespace = bare();
      ip('-n', node, 'link', 'add', `veth${pods}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      ip('-n', node, 'link', 'set', `veth${pods}`, 'master', `${options.prefix ?? 'zp'}-pods`, 'up');
      ip('-n', node, 'link', 'set', `veth${pods}`, 'type', 'bridge_slave', 'hairpin', 'on');
      ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      ip('-n', namespace, 'link', 'set', 'eth0', 'up');
      ip('-n', namespace, 'route', 'add', 'default', 'via', '10.244.1.1');
      if (ipv6 === undefined) return namespace;
      ip('-n', namespace, 'addr', 'add', `${ipv6}/64`, 'dev', 'eth0', 'nodad');
      ip('-n', namespace, 'route', 'add', 'default', 'via', 'fd10:244:0:1::1');
      return namespace;
    },
    start: () => order({ start: true }),
    apply: (state) =>
      order({
        apply: {
          services: [],
          endpointSlices: [],
          nodes: [],
          networkPolicies: [],
          namespaces: [],
          pods: [],
          policyPeers: [],
          ...state,
        },
      }),
    crash() {
      agent?.kill();
      agent = undefined;
    },
    teardown: () => order({ teardown: true }),
    close() {
      for (const child of children) child.kill();
      for (const namespace of namespaces) ip('netns', 'del', namespace);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
