// Gives a volume to a pod's fsGroup: group-owned, group-writable, and new files inherit the group.

import fs from 'node:fs/promises';
import path from 'node:path';

export async function ownByGroup(directory: string, gid: number): Promise<void> {
  const stat = await fs.lstat(directory);
  if (stat.isSymbolicLink()) {
    await fs.lchown(directory, stat.uid, gid);
    return;
  }
  await fs.chown(directory, stat.uid, gid);
  if (!stat.isDirectory()) {
    await fs.chmod(directory, (stat.mode & 0o7777) | 0o660);
    return;
  }
  await fs.chmod(directory, (stat.mode & 0o7777) | 0o2770);
  for (const name of await fs.readdir(directory)) await ownByGroup(path.join(directory, name), gid);
}
