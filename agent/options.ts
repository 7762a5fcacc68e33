// The agent's command line: what it takes, and what is wrong with what was given.

import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { errorText } from '../core/machinery/error-text.ts';
import { toNumber } from '../core/machinery/ipv4.ts';
import { withoutEnd } from '../core/machinery/text-ends.ts';
import { type JoinToken, readJoinToken } from '../core/node/join-token.ts';
import { type CommandLine, CommandLineError, readCommandLine } from '../core/process/command-line.ts';
import type { ApiCredentials } from './api-client/api-client.ts';
import { defaultEvictionHard, parseThresholds } from './eviction/thresholds.ts';
import { allowlistFault, type VerificationPolicy, verificationPolicies } from './images/pull-policy.ts';
import { type NodeAddresses, nodeAddresses } from './node-addresses.ts';
import type { PodApi } from './pod-api/pod-api.ts';
import { namespaceOfSysctl } from './pods/sysctls.ts';
import type { NodeQueue } from './queue/node-queue.ts';

export interface AgentOptions extends NodeAddresses {
  readonly credentials: ApiCredentials;
  readonly nodeName: string;
  /** Where other nodes reach it from outside its own network, when its administrator said so. */
  readonly externalIP: string | undefined;
  readonly dataDir: string;
  /** The node's own range, or one of each family with a comma between, as in the next three; the API's Node.spec.podCIDRs when not given. */
  readonly podCIDR: string | undefined;
  readonly clusterCIDR: string;
  readonly serviceCIDR: string;
  readonly clusterDNS: string;
  readonly clusterDomain: string;
  /** A network namespace for containerd; the agent itself is started in it by whoever starts it. */
  readonly netns: string | undefined;
  /** A runtime that somebody else runs, such as CRI-O. */
  readonly runtimeEndpoint: string | undefined;
  readonly pauseImage: string | undefined;
  readonly cniBinDir: string;
  readonly networkPrefix: string | undefined;
  readonly maxPods: number;
  /** Read by parseThresholds. */
  readonly evictionHard: string;
  /** Pods that name no seccomp profile get the runtime's own. */
  readonly seccompDefault: boolean;
  /** Names, or prefixes that end with `*`. */
  readonly allowedUnsafeSysctls: readonly string[];
  /** Which images that are here a pod gets only if it could pull them. */
  readonly imageVerification: VerificationPolicy;
  readonly preloadedImagesAllowlist: readonly string[];
  /** Such as `aws:///eu-central-1a/i-0123456789abcdef0`. */
  readonly providerID: string | undefined;
  /** The cloud says what machine this is: no pods before it has (Kubernetes' `--cloud-provider=external`). */
  readonly cloudNode: boolean;
  /** Where hints come from; the API server's own queue when not given. */
  readonly queue?: NodeQueue;
  /** Serves the API to this node's pods; without it they reach it by their Service's endpoints. */
  readonly podApi?: PodApi;
  /** It replaces itself when the control plane offers another. */
  readonly autoUpgrade: boolean;
  /** How often the agent reports when nothing changed. Default 10 s. */
  readonly heartbeatMs?: number;
  /** How often it fetches its desired state without a hint. Default 30 s. */
  readonly resyncMs?: number;
}

const tokenVariable = 'ZEROPLANE_TOKEN';

export const commandLine = {
  name: 'zeroplane agent',
  description: `Runs the node's agent. Without a command it runs a node of the cluster at --server or --kubeconfig; \`join\` asks for credentials
first, with a token or (--aws) with the identity of this machine, unless this machine is a node of it already; \`teardown\` takes its node off
this machine. \`install\` makes a bare machine a node: it looks at it, installs what is missing, joins, and has the agent started with the
machine; \`uninstall\` leaves nothing of that.`,
  takes: '[install | uninstall | join | teardown]',
  flags: {
    server: { value: 'url', help: 'the API server' },
    'certificate-authority': { value: 'file', help: "the cluster's CA certificate (PEM)" },
    'client-certificate': { value: 'file', help: 'by which the agent is known (PEM); read again when it is renewed' },
    'client-key': { value: 'file', help: 'its key' },
    token: { value: 'token', help: 'refused: everybody on the machine could read it', hidden: true },
    'token-file': {
      value: 'file',
      help: `a token of \`zeroplane node token\`; '-' for the standard input; or set ${tokenVariable}`,
    },
    kubeconfig: { value: 'file', help: 'in place of --server and the credentials' },
    'node-name': { value: 'name', help: "default: the machine's host name" },
    'node-ip': {
      value: 'addresses',
      help: 'IPv4, or IPv4,IPv6; default: the first IPv4 address that is not loopback, and in a cluster of both families the IPv6 beside it',
    },
    'node-external-ip': {
      value: 'address',
      help: 'by which nodes elsewhere reach this one (UDP 51820), where that is not --node-ip',
    },
    'data-dir': { value: 'dir', help: 'for containers and state' },
    'pod-cidr': { value: 'cidr', help: "addresses of this node's pods; default: what the cluster gives it" },
    'cluster-cidr': { value: 'cidr', help: 'addresses of all pods', default: '10.244.0.0/16' },
    'service-cidr': { value: 'cidr', help: 'addresses of Services', default: '10.96.0.0/16' },
    'cluster-dns': { value: 'address', help: 'where pods ask for names', default: '10.96.0.10' },
    'cluster-domain': { value: 'domain', help: 'of the names of Services', default: 'cluster.local' },
    netns: { value: 'path', help: 'a network namespace for containerd' },
    'runtime-endpoint': { value: 'socket', help: 'a container runtime that somebody else runs, such as CRI-O' },
    'pause-image': { value: 'image', help: "of a pod's sandbox" },
    'cni-bin-dir': { value: 'dir', help: "the network's plugins", default: '/usr/lib/cni' },
    'network-prefix': { value: 'text', help: 'before the names of interfaces and of nftables' },
    'max-pods': { value: 'count', help: 'that this node takes', default: '110' },
    'eviction-hard': {
      value: 'thresholds',
      help: 'below which pods are evicted, as kubelet takes them; empty: never',
      default: defaultEvictionHard,
    },
    'provider-id': { value: 'id', help: 'such as aws:///eu-central-1a/i-0123456789abcdef0' },
    'seccomp-default': { help: "pods that name no seccomp profile get the runtime's own" },
    'allowed-unsafe-sysctls': { value: 'names', help: 'or prefixes that end with *, apart by commas' },
    'image-pull-credentials-verification-policy': {
      value: 'policy',
      help: `which images that are here a pod gets only if it could pull them: ${verificationPolicies.join(', ')}`,
      default: 'NeverVerifyPreloadedImages',
    },
    'preloaded-images-verification-allowlist': { value: 'images', help: 'that need no such proof, apart by commas' },
    'join-only': { help: 'with join: end when this machine is a node of the cluster; without it the agent runs on' },
    'no-auto-upgrade': { help: 'stay the version that it is, whatever the control plane offers' },
    aws: { help: 'join by the IAM identity of this machine' },
    cluster: { value: 'name', help: 'with --aws: the cluster' },
    region: { value: 'region', help: 'with --aws: where it is' },
  },
} as const satisfies CommandLine;

export type AgentCommand =
  | { readonly command: 'run'; readonly options: AgentOptions }
  | {
      readonly command: 'join';
      readonly join: JoinOptions;
      /** The agent does not run on. */
      readonly only: boolean;
      readonly options: JoinedOptions;
    }
  | ({ readonly command: 'install' } & InstallOptions)
  | { readonly command: 'teardown'; readonly dataDir: string }
  | { readonly command: 'uninstall'; readonly dataDir: string };

/** How a node comes into a cluster whose API server gives credentials out. */
export interface JoinOptions {
  /** With the path of its stage, where it has one. */
  readonly server: string;
  /** PEM. Without it the one that the token pins is asked for; where it pins none, the machine's own roots count. */
  readonly ca: string | undefined;
  /** Of the machine; the platform says it. */
  readonly os?: 'linux' | 'windows';
  /** A join token, or the identity of this machine in AWS. Without one it must have joined before. */
  readonly proof:
    | { readonly kind: 'token'; readonly token: JoinToken }
    | { readonly kind: 'aws'; readonly clusterName: string; readonly region: string }
    | undefined;
}

export interface InstallOptions {
  readonly join: JoinOptions;
  readonly options: JoinedOptions;
  /** Flags that the agent is to run with, beside those of where and what it is. */
  readonly flags: readonly string[];
  /** Which of these were given; others follow from the machine. */
  readonly given: { readonly nodeIP: string | undefined; readonly cniBinDir: boolean };
}

/** What `--data-dir` is where it is not given. */
const installedDataDir = '/var/lib/zeroplane-agent';

/** What the cluster says of itself when the node joins is not among them. */
export type JoinedOptions = Omit<
  AgentOptions,
  | 'credentials'
  | 'clusterCIDR'
  | 'serviceCIDR'
  | 'clusterDNS'
  | 'clusterDomain'
  | 'queue'
  | 'podApi'
  | 'heartbeatMs'
  | 'resyncMs'
>;

/** Throws CommandLineError, and CommandLineAnswer for --help and --version. */
export async function parseOptions(args: readonly string[]): Promise<AgentCommand> {
  const { values, args: positionals } = readCommandLine(commandLine, args);
  const [command, ...more] = positionals;
  const installs = command === 'install';
  const dataDir = values['data-dir'] ?? (installs || command === 'uninstall' ? installedDataDir : undefined);
  if (!dataDir) throw new CommandLineError('--data-dir is missing: name the directory for containers and state');
  if (command === 'teardown' || command === 'uninstall') return { command, dataDir: path.resolve(dataDir) };
  const joins = command === 'join' || installs;
  if ((command !== undefined && !joins) || more.length > 0)
    throw new CommandLineError(
      `unknown command "${positionals.join(' ')}": use no command, install, uninstall, join, or teardown`,
    );
  const nodeName = values['node-name'] ?? os.hostname().toLowerCase();
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(nodeName))
    throw new CommandLineError(
      `--node-name: "${nodeName}" is no DNS name: use lower case letters, digits, "-" and "."`,
    );
  const { nodeIP, nodeIPv6 } = nodeAddresses(values['node-ip']);
  const externalIP = values['node-external-ip'];
  if (externalIP !== undefined && toNumber(externalIP) === undefined)
    throw new CommandLineError(`--node-external-ip: "${externalIP}" is no IPv4 address`);
  const maxPods = Number(values['max-pods']);
  if (!Number.isInteger(maxPods) || maxPods < 1) throw new CommandLineError('--max-pods: give a whole number above 0');
  const common = {
    nodeName,
    nodeIP,
    nodeIPv6,
    externalIP,
    dataDir: path.resolve(dataDir),
    podCIDR: values['pod-cidr'],
    netns: values.netns,
    runtimeEndpoint: values['runtime-endpoint'],
    pauseImage: values['pause-image'],
    cniBinDir: values['cni-bin-dir'],
    networkPrefix: values['network-prefix'],
    maxPods,
    evictionHard: evictionHard(values['eviction-hard']),
    seccompDefault: values['seccomp-default'],
    allowedUnsafeSysctls: unsafeSysctls(values['allowed-unsafe-sysctls']),
    ...imageVerification(values),
    providerID: values['provider-id'],
    cloudNode: joins && values.aws,
    autoUpgrade: !values['no-auto-upgrade'],
  };
  if (installs)
    return {
      command,
      join: joinOptions(values),
      options: common,
      flags: keptFlags(values),
      given: {
        nodeIP: values['node-ip'],
        cniBinDir: args.some((each) => /^--cni-bin-dir(=|$)/.test(each)),
      },
    };
  if (joins) return { command: 'join', join: joinOptions(values), only: values['join-only'], options: common };
  return {
    command: 'run',
    options: {
      ...common,
      credentials: await credentials(values),
      clusterCIDR: values['cluster-cidr'],
      serviceCIDR: values['service-cidr'],
      clusterDNS: values['cluster-dns'],
      clusterDomain: values['cluster-domain'],
    },
  };
}

function evictionHard(text: string): string {
  try {
    parseThresholds(text);
    return text;
  } catch (error) {
    throw new CommandLineError(`--eviction-hard: ${errorText(error)}`);
  }
}

/** Of the flags of `install`, those that the agent runs with beside the ones that the installer sets. */
function keptFlags(values: Values): string[] {
  const kept = [
    ...([
      'node-external-ip',
      'pod-cidr',
      'runtime-endpoint',
      'pause-image',
      'network-prefix',
      'max-pods',
      'provider-id',
    ] as const),
    ...([
      'eviction-hard',
      'netns',
      'seccomp-default',
      'allowed-unsafe-sysctls',
      'preloaded-images-verification-allowlist',
    ] as const),
    ...(['image-pull-credentials-verification-policy', 'no-auto-upgrade', 'aws', 'cluster', 'region'] as const),
  ];
  return kept.flatMap((flag) => {
    const value = values[flag];
    if (value === undefined || value === false) return [];
    return value === true ? [`--${flag}`] : [`--${flag}`, value];
  });
}

/** As kubelet: what is not kept for each namespace cannot be given to one pod. */
function unsafeSysctls(text = ''): string[] {
  const names = text.split(',').filter((each) => each !== '');
  const wrong = names.find((each) => !namespaceOfSysctl(each));
  if (wrong !== undefined)
    throw new CommandLineError(`--allowed-unsafe-sysctls: the kernel does not keep "${wrong}" for each namespace`);
  return names;
}

function imageVerification(values: Values): Pick<AgentOptions, 'imageVerification' | 'preloadedImagesAllowlist'> {
  const name = values['image-pull-credentials-verification-policy'];
  const policy = verificationPolicies.find((each) => each === name);
  if (!policy)
    throw new CommandLineError(
      `--image-pull-credentials-verification-policy: "${name}" is none of ${verificationPolicies.join(', ')}`,
    );
  const allowlist = (values['preloaded-images-verification-allowlist'] ?? '').split(',').filter((each) => each !== '');
  const fault = allowlist.map(allowlistFault).find((each) => each !== undefined);
  if (fault) throw new CommandLineError(`--preloaded-images-verification-allowlist: ${fault}`);
  return { imageVerification: policy, preloadedImagesAllowlist: allowlist };
}

function joinOptions(values: Values): JoinOptions {
  const { server, aws, cluster, region, 'certificate-authority': ca } = values;
  if (!server || !URL.canParse(server))
    throw new CommandLineError('--server: give the URL of the API, such as https://...');
  const base = { server: withoutEnd(server, '/'), ca: ca && readFlagFile('--certificate-authority', ca) };
  if (aws) {
    if (!cluster || !region)
      throw new CommandLineError('--aws needs --cluster and --region: the name of the cluster and the region it is in');
    return { ...base, proof: { kind: 'aws', clusterName: cluster, region } };
  }
  const text = tokenOf(values);
  if (text === undefined) return { ...base, proof: undefined };
  const token = readJoinToken(text);
  if (!token)
    throw new CommandLineError(
      `the token is none that joins: copy it whole, as \`zeroplane node token\` on a machine of an administrator prints it`,
    );
  return { ...base, proof: { kind: 'token', token } };
}

type Values = ReturnType<typeof readCommandLine<typeof commandLine.flags>>['values'];

async function credentials(values: Values): Promise<ApiCredentials> {
  if (values.kubeconfig) return (await import('./api-client/kubeconfig.ts')).readKubeconfig(values.kubeconfig);
  const { server } = values;
  const token = tokenOf(values);
  const { 'certificate-authority': ca, 'client-certificate': cert, 'client-key': key } = values;
  if (!server) throw new CommandLineError('--server is missing: give the URL of the API server, or --kubeconfig');
  if (!ca)
    throw new CommandLineError("--certificate-authority is missing: give the file of the cluster's CA certificate");
  if (!token && !(cert && key))
    throw new CommandLineError('--client-certificate and --client-key are missing: give both, or --token-file');
  const base = {
    server: withoutEnd(server, '/'),
    ca: readFlagFile('--certificate-authority', ca),
    ...(token && { token }),
  };
  return cert && key ? withRenewedFiles(base, cert, key) : base;
}

/** Read for every connection: both are renewed on one machine before they end. Throws CommandLineError where they cannot be read at first. */
function withRenewedFiles(base: ApiCredentials, cert: string, key: string): ApiCredentials {
  const read = () => ({ cert: readFlagFile('--client-certificate', cert), key: readFlagFile('--client-key', key) });
  read();
  return {
    ...base,
    get cert() {
      return read().cert;
    },
    get key() {
      return read().key;
    },
  };
}

/** The command line of a process can be read by every user of its machine, so a token never stands there. */
function tokenOf(values: Values): string | undefined {
  if (values.token !== undefined)
    throw new CommandLineError(
      `--token: everybody on this machine can read it there: write the token into a file that only you can read and give --token-file FILE ('-' for the standard input), or set ${tokenVariable}`,
    );
  const file = values['token-file'];
  const text = file === undefined ? process.env[tokenVariable] : readFlagFile('--token-file', file === '-' ? 0 : file);
  // Nothing that this process starts is to have it.
  delete process.env[tokenVariable];
  const token = text?.trim();
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    throw new CommandLineError(
      `${file === undefined ? tokenVariable : '--token-file'}: there must be one token, and nothing else`,
    );
  return token;
}

/** `file`: its name, or a descriptor. */
function readFlagFile(flag: string, file: string | number): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandLineError(`${flag}: cannot read ${file}: ${errorText(error)}`);
  }
}
