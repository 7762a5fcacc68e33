// `/logs/`: the node's own log files, as kubelet shows them.

import fs, { type FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { isMissing, openBeneath, openRoot, openToRead, pathOf, UnsafePathError } from '../files/beneath.ts';

/** `asked` is the decoded path below `root`. Resolves false when there is no such file, or it is not below `root`. */
export async function sendLogFile(root: string, asked: string, response: ServerResponse): Promise<boolean> {
  const found = await find(root, asked.replace(/^\/+/, ''));
  if (!found) return false;
  try {
    if ((await found.stat()).isDirectory()) {
      const entries = await fs.readdir(pathOf(found), { withFileTypes: true });
      const names = entries.map((each) => each.name + (each.isDirectory() ? '/' : '')).sort();
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        `<pre>\n${names.map((name) => `<a href="${encodeURI(name)}">${escapeHtml(name)}</a>\n`).join('')}</pre>\n`,
      );
      return true;
    }
    const file = await openToRead(found);
    if (!file) return false;
    const { size } = await file.stat();
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': size });
    // No further than it was when it was asked for: a log grows while it is read.
    if (size === 0) {
      await file.close();
      response.end();
      return true;
    }
    const stream = file.createReadStream({ end: size - 1 });
    // A client that leaves early leaves no open file.
    response.on('close', () => stream.destroy());
    stream.on('error', () => response.destroy()).pipe(response);
    return true;
  } finally {
    await found.close();
  }
}

/** Links may lead to other files below `root`, as many of a machine's logs do. */
async function find(root: string, asked: string): Promise<FileHandle | undefined> {
  let base: FileHandle | undefined;
  try {
    base = await openRoot(root);
    return await openBeneath(base, asked, { links: 'beneath' });
  } catch (error) {
    if (error instanceof UnsafePathError || isMissing(error)) return undefined;
    throw error;
  } finally {
    await base?.close();
  }
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
