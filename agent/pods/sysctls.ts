// Which kernel parameters a pod may set on this node. Pure. Source: Kubernetes, "Using sysctls in a Kubernetes Cluster".

/** Without effect on other pods, in a namespace of the pod's own: safe in Kubernetes 1.36. */
const safeSysctls: ReadonlySet<string> = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** The kernel keeps these for each IPC or network namespace; all others are the node's. */
const ipcPrefixes = ['kernel.shm', 'kernel.msg', 'fs.mqueue.'];
const networkPrefix = 'net.';

/** With dots between its parts: `net/ipv4/conf/eth0.1/forwarding` is `net.ipv4.conf.eth0/1.forwarding`. */
export function sysctlName(name: string): string {
  const separator = /[./]/.exec(name)?.[0];
  return separator === '/' ? name.replace(/[./]/g, (each) => (each === '/' ? '.' : '/')) : name;
}

/** Whose it is; undefined: the node's, and no pod may ever have it. `name`: as `sysctlName` gives it, or a prefix that ends with `*`. */
export function namespaceOfSysctl(name: string): 'ipc' | 'network' | undefined {
  if (name.startsWith(networkPrefix)) return 'network';
  return name === 'kernel.sem' || ipcPrefixes.some((prefix) => name.startsWith(prefix)) ? 'ipc' : undefined;
}

/** Why a pod does not get it; undefined when it does. */
export function sysctlRefusal(
  written: string,
  pod: { readonly hostNetwork?: boolean; readonly hostIPC?: boolean },
  allowedUnsafe: readonly string[],
): string | undefined {
  const name = sysctlName(written);
  const quoted = JSON.stringify(written);
  const namespace = namespaceOfSysctl(name);
  if (namespace === 'network' && pod.hostNetwork) return `${quoted} not allowed with host net enabled`;
  if (namespace === 'ipc' && pod.hostIPC) return `${quoted} not allowed with host ipc enabled`;
  const allowed = allowedUnsafe.some((each) =>
    each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each,
  );
  return namespace && (safeSysctls.has(name) || allowed) ? undefined : `${quoted} not allowlisted`;
}
