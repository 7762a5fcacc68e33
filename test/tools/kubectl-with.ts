// kubectl on a test cluster's host with what a user's shell gives it: standard input, variables, another version.

import type { TestCluster } from './cluster.ts';
import { type Kubectl, kubectlBy, type Ran, runTool, tool } from './kubectl.ts';

export interface With {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Path of another kubectl. */
  readonly binary?: string;
}

/** Never fails by itself. */
export function kubectlWith(
  cluster: TestCluster,
  { input, env, binary }: With,
  ...args: readonly string[]
): Promise<Ran> {
  const [file, rest] = kubectlCommand(cluster, { env, binary }, args);
  return runTool(file, rest, input);
}

/** Program and arguments, for those who start it themselves. */
export function kubectlCommand(
  cluster: TestCluster,
  {
    env,
    binary = tool('kubectl'),
  }: Omit<With, 'input'> & { env?: With['env'] | undefined; binary?: string | undefined },
  args: readonly string[],
): [file: string, args: string[]] {
  const [nsenter = '', ...inside] = cluster.host.enter;
  const variables = Object.entries({ ...env, KUBECONFIG: cluster.kubeconfig }).map(
    ([name, value]) => `${name}=${value}`,
  );
  return [nsenter, [...inside, 'env', ...variables, binary, ...args]];
}

/** kubectl as tests have it that run against every kind of API server. */
export function kubectlOf(cluster: TestCluster): Kubectl {
  return kubectlBy((args, input) => kubectlWith(cluster, input === undefined ? {} : { input }, ...args));
}

/** As one line of a shell. */
export function shellLine(command: readonly [string, readonly string[]]): string {
  const [file, args] = command;
  return [file, ...args].map((each) => `'${each.replaceAll("'", `'\\''`)}'`).join(' ');
}
