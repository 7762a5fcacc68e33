// The agent as one file: which one this process is, and another fetched from the control plane, over TLS by its authority and by checksum.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, open, rename, rm } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { installPath, programFile, readSums, sumsFile, unpackedProgram } from '../../core/node/agent-program.ts';
import { syncFolder } from '../../core/process/private-file.ts';
import { tryRun } from '../../core/process/run.ts';
import type { ApiClient, ApiCredentials } from '../api-client/api-client.ts';

export interface Offer {
  /** SHA-256, hexadecimal: of the file as it is fetched, and as it runs. */
  readonly packed: string;
  readonly unpacked: string;
}

/** The program that is offered is none that could be run here. */
export class ProgramError extends Error {
  constructor(text: string, options?: ErrorOptions) {
    super(text, options);
    this.name = 'ProgramError';
  }
}

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
const fetchMs = 600_000;
const mostPacked = 300e6;
const mostUnpacked = 900e6;

/** Of the program that this process runs, also where its file was replaced. */
export async function ownSum(): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream('/proc/self/exe', { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

/** What the control plane offers for machines like this one; undefined: nothing. Throws UnreachableError. */
export async function offered(api: Pick<ApiClient, 'request'>): Promise<Offer | undefined> {
  const { status, text } = await api.request('GET', `/${installPath}/${sumsFile}`);
  const sums = status === 200 ? readSums(text) : new Map<string, string>();
  const packed = sums.get(programFile(architecture));
  const unpacked = sums.get(unpackedProgram(architecture));
  return packed === undefined || unpacked === undefined ? undefined : { packed, unpacked };
}

/** Puts it to `file`, whole or not at all, once it has run there. Rejects with ProgramError, and as the file system does. */
export async function fetchProgram({ server, ca }: ApiCredentials, offer: Offer, file: string): Promise<void> {
  const [packed, partial] = [`${file}.gz`, `${file}.part`];
  try {
    await fetchFile(`${server}/${installPath}/${programFile(architecture)}`, ca, packed, offer.packed);
    const sum = measured(mostUnpacked);
    await pipeline(createReadStream(packed), createGunzip(), sum.through, createWriteStream(partial, { mode: 0o700 }));
    if (sum.digest() !== offer.unpacked)
      throw new ProgramError('what was fetched unpacks to something else than is announced (its SHA-256 differs)');
    await chmod(partial, 0o755);
    await durable(partial);
    const { code, stderr } = await tryRun(partial, ['--version'], { timeoutMs: 60_000 });
    if (code !== 0) throw new ProgramError(`it does not run on this machine (${code}): ${stderr.trim().slice(0, 300)}`);
    await rename(partial, file);
    syncFolder(path.dirname(file));
  } finally {
    await Promise.all([packed, partial].map((each) => rm(each, { force: true })));
  }
}

async function fetchFile(url: string, ca: string | undefined, file: string, sha256: string): Promise<void> {
  const signal = AbortSignal.timeout(fetchMs);
  const ask = (from: string | URL) =>
    new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const options = { ...(ca !== undefined && { ca }), agent: false, signal } as const;
      https.get(from, options, resolve).once('error', reject);
    });
  let response = await ask(url);
  const { location } = response.headers;
  if (response.statusCode === 307 && location !== undefined) {
    response.destroy();
    const to = URL.canParse(location, url) ? new URL(location, url) : undefined;
    // Vouched for by the same authorities, and nothing but what is announced is run.
    if (to?.protocol !== 'https:') throw new ProgramError(`${url} leads to no https URL`);
    response = await ask(to);
  }
  if (response.statusCode !== 200) {
    response.destroy();
    throw new ProgramError(`${url}: HTTP ${response.statusCode}`);
  }
  const sum = measured(mostPacked);
  await pipeline(response, sum.through, createWriteStream(file, { mode: 0o600 }));
  if (sum.digest() !== sha256)
    throw new ProgramError(`${url} is not what is announced (its SHA-256 differs): nothing of it was run`);
}

/** Its hash when all has passed, of at most so many bytes. */
function measured(most: number): { readonly through: Transform; readonly digest: () => string } {
  const hash = createHash('sha256');
  let bytes = 0;
  const through = new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      hash.update(chunk);
      if (bytes > most) done(new ProgramError(`what is offered has more than ${most} bytes`));
      else done(undefined, chunk);
    },
  });
  return { through, digest: () => hash.digest('hex') };
}

async function durable(file: string): Promise<void> {
  const opened = await open(file, 'r');
  await opened.sync().finally(() => opened.close());
}
