// A machine with Windows: what Node.js tells of it, and once, at the start, what the registry holds.

import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Machine, MachineFacts } from '../../stats/machine.ts';
import { type PowerShell, text } from './power-shell.ts';

const factsScript = `$v = Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion'
$boot = Get-ItemProperty 'HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager\\Memory Management\\PrefetchParameters'
$machine = Get-ItemProperty 'HKLM:\\SOFTWARE\\Microsoft\\Cryptography'
[ordered]@{
  productName = $v.ProductName
  major = $v.CurrentMajorVersionNumber
  minor = $v.CurrentMinorVersionNumber
  build = $v.CurrentBuildNumber
  revision = $v.UBR
  bootId = $boot.BootId
  machineGuid = $machine.MachineGuid
}`;

export function createWindowsMachine(powerShell: PowerShell): Machine {
  return {
    async facts(): Promise<MachineFacts> {
      const told = await powerShell(factsScript);
      const build = `${text(told, 'major')}.${text(told, 'minor')}.${text(told, 'build')}`;
      return {
        os: 'windows',
        machineID: text(told, 'machineGuid'),
        bootID: text(told, 'bootId'),
        kernelVersion: `${build}.${text(told, 'revision')}`,
        osImage: text(told, 'productName') || 'Windows',
        // Containers of another build do not run on it: RuntimeClasses and selectors choose by this.
        labels: { 'node.kubernetes.io/windows-build': build },
      };
    },
    load: async () => load(),
    async use(directory) {
      const disk = await fs.statfs(directory);
      return {
        ...load(),
        memoryFree: os.freemem(),
        ...{ swapTotal: 0, swapFree: 0, rss: 0, processes: 0, maxProcesses: 0 },
        filesystem: {
          device: path.parse(directory).root,
          capacity: disk.blocks * disk.bsize,
          available: disk.bavail * disk.bsize,
          ...{ inodes: 0, inodesFree: 0 },
        },
      };
    },
    async room(directory) {
      const disk = await fs.statfs(directory);
      const bytes = { available: disk.bavail * disk.bsize, capacity: disk.blocks * disk.bsize };
      // No number of them: what has no capacity is never too little.
      const none = { available: 0, capacity: 0 };
      return {
        'memory.available': { available: os.freemem(), capacity: os.totalmem() },
        'nodefs.available': bytes,
        'nodefs.inodesFree': none,
        'imagefs.available': bytes,
        'imagefs.inodesFree': none,
        'pid.available': none,
      };
    },
    sizesOf: async (directories) => {
      const sizes = new Map<string, number>();
      for (const directory of directories) sizes.set(directory, await sizeOf(directory));
      return sizes;
    },
  };
}

function load() {
  const milliseconds = os.cpus().reduce((sum, { times: { user, nice, sys } }) => sum + user + nice + sys, 0);
  return { cpu: milliseconds * 1e6, memoryAvailable: os.freemem() };
}

/** What goes while it is counted counts nothing. */
async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  const open = [directory];
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const entry of await fs.readdir(at, { withFileTypes: true }).catch(() => [])) {
      const file = path.join(at, entry.name);
      if (entry.isDirectory()) open.push(file);
      else if (entry.isFile()) bytes += (await fs.lstat(file).catch(() => undefined))?.size ?? 0;
    }
  return bytes;
}
