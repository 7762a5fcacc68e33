// `/logs/`: the node's own log files, as kubelet shows them.

import type { ServerResponse } from 'node:http';
import type { NodeFiles } from '../files/node-files.ts';

/**
 * `asked` is the decoded path below `root`. Links may lead to other files below it, as many of a machine's logs do. Resolves false when
 * there is no such file, or it is not below `root`.
 */
export async function sendLogFile(
  files: NodeFiles,
  root: string,
  asked: string,
  response: ServerResponse,
): Promise<boolean> {
  const inner = asked.replace(/^\/+/, '');
  const entries = await files.list(root, inner, 'beneath');
  if (entries) {
    const names = entries.map((each) => each.name + (each.isDirectory() ? '/' : '')).sort();
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(
      `<pre>\n${names.map((name) => `<a href="${encodeURI(name)}">${escapeHtml(name)}</a>\n`).join('')}</pre>\n`,
    );
    return true;
  }
  const file = await files.open(root, inner, 'beneath');
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
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
