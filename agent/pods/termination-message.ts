// Why a container ended, in its own words: the file that it wrote, or the end of its log.
// Source: Kubernetes, "Determine the Reason for Pod Failure".

import type { NodeFiles } from '../files/node-files.ts';

const maxFileBytes = 4096;
const maxLogBytes = 2048;
const maxLogLines = 80;

/** A file below a directory of the agent's own. */
export interface OwnFile {
  readonly directory: string;
  readonly inner: string;
}

export async function terminationMessage(options: {
  readonly files: NodeFiles;
  readonly file: OwnFile;
  readonly policy: string;
  readonly exitCode: number;
  readonly logFile: OwnFile;
}): Promise<string> {
  const written = (await tail(options.files, options.file, maxFileBytes)).toString();
  if (written || options.policy !== 'FallbackToLogsOnError' || options.exitCode === 0) return written;
  return logText((await tail(options.files, options.logFile, 64 * 1024)).toString());
}

/** The last lines of a CRI log without their time and tags. */
function logText(log: string): string {
  let text = '';
  for (const line of log.split('\n').slice(-maxLogLines - 1)) {
    const match = /^\S+ (?:stdout|stderr) ([FP])\S* (.*)$/.exec(line);
    if (match) text += match[1] === 'F' ? `${match[2]}\n` : match[2];
  }
  const bytes = Buffer.from(text);
  return bytes.subarray(Math.max(0, bytes.length - maxLogBytes)).toString();
}

/** Nothing where there is no regular file: a link, a device or a FIFO says nothing, and nobody waits for it. */
async function tail(files: NodeFiles, { directory, inner }: OwnFile, bytes: number): Promise<Buffer> {
  const handle = await files.open(directory, inner).catch(() => undefined);
  if (!handle) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
