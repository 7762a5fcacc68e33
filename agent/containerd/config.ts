// The config.toml of the node's own containerd: every path below the data directory, so that several can live on one machine.

import path from 'node:path';

export interface ContainerdOptions {
  /** Absolute. Holds root, state, sockets, log and pid file. */
  readonly dataDir: string;
  readonly sandboxImage: string;
  /** CNI plugins; Debian's are in /usr/lib/cni. */
  readonly cniBinDir: string;
  readonly cniConfDir: string;
  /** `certs.d`: a directory a registry, with hosts.toml. */
  readonly registryConfigDir: string;
  readonly snapshotter: 'overlayfs' | 'native';
  /** Path of a network namespace to live in, such as /run/netns/node-a. */
  readonly netns?: string;
}

export interface ContainerdPaths {
  readonly config: string;
  readonly socket: string;
  readonly pid: string;
  readonly log: string;
  readonly state: string;
  readonly root: string;
}

export function containerdPaths(dataDir: string): ContainerdPaths {
  const at = (name: string) => path.join(dataDir, 'containerd', name);
  return {
    config: at('config.toml'),
    socket: at('containerd.sock'),
    pid: at('containerd.pid'),
    log: at('containerd.log'),
    state: at('state'),
    root: at('root'),
  };
}

export function containerdConfig(options: ContainerdOptions): string {
  const paths = containerdPaths(options.dataDir);
  const text = (value: string) => JSON.stringify(value);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = ${text(paths.root)}
state = ${text(paths.state)}
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]

[grpc]
  address = ${text(paths.socket)}

[ttrpc]
  address = ${text(`${paths.socket}.ttrpc`)}

[plugins."io.containerd.internal.v1.opt"]
  path = ${text(path.join(options.dataDir, 'containerd', 'opt'))}

[${cri}]
  sandbox_image = ${text(options.sandboxImage)}
  # Without CAP_SYS_RESOURCE no process may lower its score, and no sandbox would start.
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  max_container_log_line_size = 16384
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true

[${cri}.cni]
  bin_dir = ${text(options.cniBinDir)}
  conf_dir = ${text(options.cniConfDir)}

[${cri}.registry]
  config_path = ${text(options.registryConfigDir)}

[${cri}.containerd]
  snapshotter = ${text(options.snapshotter)}
  default_runtime_name = "runc"

[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[${cri}.containerd.runtimes.runc.options]
  SystemdCgroup = false
`;
}
