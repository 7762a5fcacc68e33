// What is mounted on this machine, as the agent sees it.

import fs from 'node:fs/promises';

export interface Mount {
  readonly directory: string;
  /** Of its file system: `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string;
}

/** What is mounted, the oldest first. */
export async function mounts(): Promise<Mount[]> {
  const table = await fs.readFile('/proc/self/mountinfo', 'utf8');
  // Fields that may be there or not end with a dash (proc_pid_mountinfo(5)).
  return table.split('\n').map((line) => ({
    directory: unescaped(line.split(' ')[4] ?? ''),
    type: / - (\S+) /.exec(line)?.[1] ?? '',
  }));
}

/** Where something is mounted, the oldest first. */
export async function mountPoints(): Promise<string[]> {
  return (await mounts()).map(({ directory }) => directory);
}

export async function isMounted(directory: string): Promise<boolean> {
  return (await mountPoints()).includes(directory);
}

/** Spaces, newlines and backslashes of a path are octal there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
