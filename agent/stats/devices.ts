// Devices by their numbers, as mounts and cgroups name them.

import fs from 'node:fs/promises';

/** `numbers`: `8:0`. `/dev/sda`, or undefined: no block device has them. */
export async function blockDevice(numbers: string): Promise<string | undefined> {
  const event = await fs.readFile(`/sys/dev/block/${numbers}/uevent`, 'utf8').catch(() => '');
  const name = /^DEVNAME=(.+)$/m.exec(event)?.[1];
  return name === undefined ? undefined : `/dev/${name}`;
}

/** What is mounted where `file` lies, as the table of mounts names it: `/dev/sda1`, `tmpfs`, `overlay`. */
export async function filesystemOf(file: string): Promise<string> {
  const [{ dev }, table] = await Promise.all([
    fs.stat(file, { bigint: true }),
    fs.readFile('/proc/self/mountinfo', 'utf8'),
  ]);
  const [major, minor] = [(dev >> 8n) & 0xfffn, (dev & 0xffn) | ((dev >> 12n) & 0xfff00n)];
  const line = table.split('\n').find((each) => each.split(' ')[2] === `${major}:${minor}`);
  return line?.split(' - ')[1]?.split(' ')[1] ?? 'unknown';
}
