// A machine with Linux: what the kernel tells in /proc.

import fs from 'node:fs/promises';
import os from 'node:os';
import { CommandError, tryRun } from '../../../core/process/run.ts';
import { filesystemOf } from '../../stats/devices.ts';
import type { Machine } from '../../stats/machine.ts';
import { observeNode } from './observe-node.ts';

export const linuxMachine: Machine = {
  async facts() {
    const read = (file: string) => fs.readFile(file, 'utf8').catch(() => '');
    const [release, machineID, bootID] = await Promise.all([
      read('/etc/os-release'),
      read('/etc/machine-id'),
      read('/proc/sys/kernel/random/boot_id'),
    ]);
    return {
      os: 'linux',
      machineID: machineID.trim(),
      bootID: bootID.trim(),
      kernelVersion: os.release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(release)?.[1] ?? 'Linux',
      labels: {},
    };
  },
  async load() {
    const [cpu, meminfo] = await Promise.all([cpuNanoseconds(), fs.readFile('/proc/meminfo', 'utf8')]);
    return { cpu, memoryAvailable: bytesOf(meminfo, 'MemAvailable') };
  },
  async use(directory) {
    const [device, cpu, meminfo, disk, pidMax, loadavg] = await Promise.all([
      filesystemOf(directory),
      cpuNanoseconds(),
      fs.readFile('/proc/meminfo', 'utf8'),
      fs.statfs(directory),
      fs.readFile('/proc/sys/kernel/pid_max', 'utf8'),
      fs.readFile('/proc/loadavg', 'utf8'),
    ]);
    return {
      cpu,
      memoryAvailable: bytesOf(meminfo, 'MemAvailable'),
      memoryFree: bytesOf(meminfo, 'MemFree'),
      swapTotal: bytesOf(meminfo, 'SwapTotal'),
      swapFree: bytesOf(meminfo, 'SwapFree'),
      rss: bytesOf(meminfo, 'AnonPages'),
      processes: Number(/\/(\d+)/.exec(loadavg)?.[1] ?? 0),
      maxProcesses: Number(pidMax),
      filesystem: {
        device,
        capacity: disk.blocks * disk.bsize,
        available: disk.bavail * disk.bsize,
        inodes: disk.files,
        inodesFree: disk.ffree,
      },
    };
  },
  room: observeNode,
  sizesOf,
};

function bytesOf(meminfo: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
}

/** Time that all cores together were not idle. Jiffies are hundredths of a second on every Linux that containers run on. */
async function cpuNanoseconds(): Promise<number> {
  const stat = await fs.readFile('/proc/stat', 'utf8');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] =
    /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal) * 1e7;
}

/** Directories of one call: a command line has its limit. */
const batch = 200;

/** Bytes on disk of directories, each with all that is below it on its file system; links are not followed. */
async function sizesOf(directories: readonly string[]): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (let from = 0; from < directories.length; from += batch) {
    const some = directories.slice(from, from + batch);
    const args = ['-n', '19', 'du', '-0', '-s', '-x', '-l', '-B1', '--', ...some];
    // Files that go while they are counted, and directories that are not there yet, end it with 1 and leave the rest as it is.
    const result = await tryRun('nice', args, { timeoutMs: 120_000 });
    if (result.code !== 0 && result.code !== 1) throw new CommandError('nice', args, result);
    for (const line of result.stdout.split('\0')) {
      const [bytes = '', directory = ''] = [line.slice(0, line.indexOf('\t')), line.slice(line.indexOf('\t') + 1)];
      if (directory) sizes.set(directory, Number(bytes));
    }
  }
  return sizes;
}
