// What `npm run test:aws -- --deploy-endpoint URL` refuses before it asks anybody anything.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runTool } from '../tools/kubectl.ts';

const main = join(import.meta.dirname, 'main.ts');
const run = (...args: string[]) => runTool(process.execPath, [main, ...args]);

describe('a deployment to an endpoint', () => {
  it.each([
    ['https://cloudformation.eu-central-1.amazonaws.com', 'this is AWS itself'],
    ['https://AMAZONAWS.com./', 'this is AWS itself'],
    ['http://sts.cn-north-1.amazonaws.com.cn', 'this is AWS itself'],
    ['https://lambda.us-east-1.api.aws', 'this is AWS itself'],
    ['ftp://127.0.0.1', 'this is no URL of http or https'],
    ['127.0.0.1:5000', 'this is no URL of http or https'],
    ['http://user:password@127.0.0.1:5000', 'leave out user and password'],
    ['http://127.0.0.1:5000/aws?a=b', 'leave out what stands behind host and port'],
  ])('is refused at %s', async (url, why) => {
    for (const args of [['--deploy-endpoint', url], [`--deploy-endpoint=${url}`]]) {
      const { code, stdout, stderr } = await run(...args);
      expect({ code, stdout, stderr }).toMatchObject({ code: 1, stdout: '' });
      expect(stderr).toContain(`--deploy-endpoint ${url}: ${why}`);
    }
  });

  it('needs a URL, and runs no tests', async () => {
    expect((await run('--deploy-endpoint')).stderr).toContain('--deploy-endpoint: give the URL of an emulator');
    const both = await run('--deploy-endpoint', 'http://127.0.0.1:5000', 'kubectl.test.ts');
    expect(both).toMatchObject({ code: 1, stderr: expect.stringContaining('kubectl.test.ts: with --deploy-endpoint') });
  });

  it('says where it ended when nobody answers, or nobody who speaks for AWS', async () => {
    const server = createServer((_request, response) => response.end('<html>hello</html>'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // as: a TCP server's address is never a string.
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stranger = await run('--deploy-endpoint', url);
    expect(stranger).toMatchObject({ code: 1, stderr: expect.stringContaining('does not answer as STS') });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const nobody = await run('--deploy-endpoint', url);
    expect(nobody.code).toBe(1);
    expect(nobody.stderr).toContain(`FAILED: endpoint: nothing answers at ${url}: start the emulator first`);
  });
});
