// `/logs/`: the node's own log files, as kubelet shows them.

import { createReadStream } from 'node:fs';
import fs from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import path from 'node:path';

/** `asked` is the decoded path below `root`. Resolves false when there is no such file, or it is not below `root`. */
export async function sendLogFile(root: string, asked: string, response: ServerResponse): Promise<boolean> {
  const base = await fs.realpath(root).catch(() => undefined);
  // Links may lead out of the directory: where they end is what counts.
  const file = base && (await fs.realpath(path.join(base, asked)).catch(() => undefined));
  if (base === undefined || file === undefined || (file !== base && !file.startsWith(base + path.sep))) return false;
  const stat = await fs.stat(file);
  if (stat.isDirectory()) {
    const entries = await fs.readdir(file, { withFileTypes: true });
    const names = entries.map((each) => each.name + (each.isDirectory() ? '/' : '')).sort();
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      `<pre>\n${names.map((name) => `<a href="${encodeURI(name)}">${escapeHtml(name)}</a>\n`).join('')}</pre>\n`,
    );
    return true;
  }
  if (!stat.isFile()) return false;
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': stat.size });
  // No further than it was when it was asked for: a log grows while it is read.
  if (stat.size === 0) response.end();
  else
    createReadStream(file, { end: stat.size - 1 })
      .on('error', () => response.destroy())
      .pipe(response);
  return true;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
