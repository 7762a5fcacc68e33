// The real curl against the test API over HTTPS.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { runTool } from '../../../test/tools/kubectl.ts';
import type { TestApi } from './open-test-api.ts';
import { openTls } from './open-tls.ts';

const curlPath = '/usr/bin/curl';

/** Why curl cannot be tested here; undefined when it can. */
export const withoutCurl = existsSync(curlPath) ? undefined : 'there is no /usr/bin/curl: install the package curl';

export interface CurlAnswer {
  readonly status: number;
  /** As curl names it: `1.1` or `2`. */
  readonly httpVersion: string;
  readonly contentType: string;
  readonly bytes: Buffer;
  /** The body as JSON; tests look into it freely. */
  readonly json: ReturnType<typeof JSON.parse>;
}

export interface CurlWatch {
  /** The next line, as JSON; undefined at the end. */
  next(): Promise<ReturnType<typeof JSON.parse> | undefined>;
  /** Ends curl as Ctrl-C does. */
  stop(): Promise<void>;
}

export interface CurlServer {
  /** Options that authenticate as the admin by a certificate. */
  readonly certificate: readonly string[];
  /** curl's own arguments; a path that begins with `/` stands for one of the server. Throws when curl fails. */
  curl(...args: string[]): Promise<CurlAnswer>;
  /** curl's exit code and standard error where it is to fail. */
  attempt(...args: string[]): Promise<{ readonly code: number; readonly stderr: string }>;
  watch(...args: string[]): CurlWatch;
  /** The path of a file with this text. */
  file(name: string, text: string | Uint8Array): string;
  close(): Promise<void>;
}

export async function openCurl(t: TestApi): Promise<CurlServer> {
  const server = await openTls(t);
  const folder = mkdtempSync(join(tmpdir(), 'curl-'));
  const file = (name: string, text: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const common = ['--silent', '--show-error', '--no-buffer', '--cacert', file('ca.pem', server.ca)];
  const full = (args: readonly string[]) => [
    ...common,
    ...args.map((each) => (/^\/(?:api|apis|version|openapi|nothing)\b/.test(each) ? server.url + each : each)),
  ];
  let count = 0;
  return {
    certificate: ['--cert', file('admin.crt', server.admin.cert), '--key', file('admin.key', server.admin.key)],
    file,
    async curl(...args) {
      count += 1;
      const output = join(folder, `output-${count}`);
      const report = ['--output', output, '--write-out', '%{http_code} %{http_version} %{content_type}'];
      const { code, stdout, stderr } = await runTool(curlPath, full([...report, ...args]));
      if (code !== 0) throw new Error(`curl ${args.join(' ')} exited ${code}: ${stderr}`);
      const [, status = '', httpVersion = '', contentType = ''] = /^(\d+) (\S+) (.*)$/.exec(stdout) ?? [];
      const bytes = existsSync(output) ? readFileSync(output) : Buffer.of();
      const json = contentType.includes('json') ? JSON.parse(bytes.toString('utf8')) : undefined;
      return { status: Number(status), httpVersion, contentType, bytes, json };
    },
    attempt: (...args) => runTool(curlPath, full(args)),
    watch(...args) {
      const child = spawn(curlPath, full(args), { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return {
        async next() {
          const { done, value } = await lines.next();
          return done ? undefined : JSON.parse(value);
        },
        async stop() {
          child.kill('SIGINT');
          await ended;
        },
      };
    },
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
