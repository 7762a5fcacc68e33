// The rights of root that an agent, and with it its pods, may have at all: its bounding set (capabilities(7)). What starts it leaves out all
// others: `up` does, and so may a unit of systemd (CapabilityBoundingSet=).

import fs from 'node:fs/promises';

/** By name, why it stays. A pod gets none of them but those that its runtime gives to all, or that it asks for. */
export const agentCapabilities = {
  chown: 'files of volumes and images; every container',
  dac_override: 'files of any owner; every container',
  dac_read_search: 'pods that back up or watch over the machine (fanotify, open_by_handle_at)',
  fowner: 'modes of files of any owner; every container',
  fsetid: 'set-group-ID directories of volumes; every container',
  kill: 'ends what runs in containers; every container',
  setgid: 'containers of any group; every container',
  setuid: 'containers of any user; every container',
  setpcap: 'takes capabilities from containers; every container',
  setfcap: 'files of images with capabilities; every container',
  mknod: 'devices of containers; every container',
  net_bind_service: 'ports below 1024 of nodes; every container',
  net_raw: 'ping; every container',
  sys_chroot: 'root file systems of containers; every container',
  audit_write: 'records of logins in containers; every container',
  net_admin: 'the network of pods, its rules and addresses; pods of networks',
  sys_admin: 'mounts, namespaces and cgroups of pods; pods of storage',
  sys_ptrace: 'namespaces of containers by their process; pods that trace',
  sys_resource: 'limits and out-of-memory scores of containers',
  sys_nice: 'priorities and processors of containers; pods for real time',
  mac_admin: "loads the runtime's AppArmor profile; pods that load others",
  ipc_lock: 'pods that lock memory: keys, DPDK, RDMA',
  sys_rawio: 'pods that drive devices themselves',
  sys_module: 'pods of networks and devices that load modules of the kernel',
  sys_time: 'pods that set the clock',
  syslog: "pods that read the kernel's messages",
  bpf: 'pods that load eBPF programs',
  perfmon: 'pods that measure and trace',
} as const satisfies Readonly<Record<string, string>>;

/** In the order of their numbers (linux/capability.h). */
const numbered = [
  ...['chown', 'dac_override', 'dac_read_search', 'fowner', 'fsetid', 'kill', 'setgid', 'setuid', 'setpcap'],
  ...['linux_immutable', 'net_bind_service', 'net_broadcast', 'net_admin', 'net_raw', 'ipc_lock', 'ipc_owner'],
  ...['sys_module', 'sys_rawio', 'sys_chroot', 'sys_ptrace', 'sys_pacct', 'sys_admin', 'sys_boot', 'sys_nice'],
  ...['sys_resource', 'sys_time', 'sys_tty_config', 'mknod', 'lease', 'audit_write', 'audit_control', 'setfcap'],
  ...['mac_override', 'mac_admin', 'syslog', 'wake_alarm', 'block_suspend', 'audit_read', 'perfmon', 'bpf'],
  'checkpoint_restore',
];

/** What no process that this one starts can have, as containers name it: `SYS_BOOT`. */
export async function missingCapabilities(): Promise<ReadonlySet<string>> {
  return missingIn(await fs.readFile('/proc/self/status', 'utf8').catch(() => ''));
}

/** `status`: of a process, as proc(5) shows it. */
export function missingIn(status: string): ReadonlySet<string> {
  const [, digits] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  if (digits === undefined) return new Set();
  const bounding = BigInt(`0x${digits}`);
  return new Set(numbered.filter((_, bit) => !((bounding >> BigInt(bit)) & 1n)).map((name) => name.toUpperCase()));
}
