// What is mounted on this machine, as the agent sees it.

import fs from 'node:fs/promises';

/** Where something is mounted, the oldest first. */
export async function mountPoints(): Promise<string[]> {
  const table = await fs.readFile('/proc/self/mountinfo', 'utf8');
  return table.split('\n').map((line) => unescaped(line.split(' ')[4] ?? ''));
}

export async function isMounted(directory: string): Promise<boolean> {
  return (await mountPoints()).includes(directory);
}

/** Spaces, newlines and backslashes of a path are octal there. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
