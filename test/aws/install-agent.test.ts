// What a machine fetches from a cluster on AWS to become a node, and an agent to become a newer one: from the API, which sends on to S3.
// S3 is played, behind TLS by the gateway's authority.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchProgram, offered } from '../../agent/upgrade/program.ts';
import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import { eventually } from '../tools/cluster.ts';
import { kubectlFor, runTool } from '../tools/kubectl.ts';
import { type AwsCluster, startAwsCluster } from './harness/cluster.ts';

const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
/** As far as installer and upgrade look: it says its version, and what it was asked for. */
const agent = Buffer.from('#!/bin/sh\ncase "$1" in --version) echo 1.36.0;; *) echo "agent: $*";; esac\n');
const packed = gzipSync(agent);
const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

describe('the agent, from a cluster on AWS', { timeout: 240_000 }, () => {
  let cluster: AwsCluster;
  let s3: Server;
  let folder: string;
  /** Both authorities: the gateway's, and S3's. */
  let trusted: string;
  let tampered = false;
  const asked: string[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'zeroplane-install-'));
    const authority = await createTestAuthority('s3-test-ca');
    s3 = createServer(await authority.server(), (request, response) => {
      const url = new URL(request.url ?? '/', 'https://s3');
      asked.push(url.pathname);
      const signed =
        url.searchParams.get('X-Amz-Credential')?.endsWith('/s3/aws4_request') &&
        /^[0-9a-f]{64}$/.test(url.searchParams.get('X-Amz-Signature') ?? '') &&
        request.headers.authorization === undefined;
      response.writeHead(signed ? 200 : 403).end(tampered ? gzipSync('something else') : packed);
    });
    s3.listen(0, '127.0.0.1');
    await once(s3, 'listening');
    // as: a TCP server's address.
    const { port } = s3.address() as AddressInfo;
    const program = {
      ...{ architecture, bytes: packed.length, sha256: sum(packed), unpackedSha256: sum(agent) },
      ...{ bucket: 'assets', key: 'agent.gz' },
    };
    cluster = await startAwsCluster({
      env: { AWS_ENDPOINT_URL_S3: `https://127.0.0.1:${port}`, ZEROPLANE_AGENT_PROGRAMS: JSON.stringify([program]) },
    });
    trusted = join(folder, 'trusted.crt');
    writeFileSync(trusted, [readFileSync(cluster.caFile, 'utf8').trim(), authority.cert.trim(), ''].join('\n'));
    const kubectl = kubectlFor(cluster.kubeconfig);
    await eventually(120, async () => (await kubectl.attempt('get', 'namespaces')).code === 0);
  }, 300_000);
  afterAll(async () => {
    s3?.closeAllConnections();
    s3?.close();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const shell = (script: string) => {
    const env = {
      PATH: process.env['PATH'] ?? '',
      CURL_CA_BUNDLE: trusted,
      ZEROPLANE_TOKEN: 'abcdef.0123456789abcdef',
    };
    return runTool('sh', ['-c', script], undefined, env);
  };

  it.skipIf(process.getuid?.() !== 0)('is installed by a line of curl, by its checksum (needs root)', async () => {
    const install = `curl -fsSL ${cluster.gateway.url}/install-agent | sh -s -- --server ${cluster.gateway.url} --bin-dir ${folder}/bin --node-name n1`;
    const { code, stdout, stderr } = await shell(install);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain(`agent: agent install --server ${cluster.gateway.url} --node-name n1`);
    expect(readFileSync(join(folder, 'bin/zeroplane'))).toEqual(agent);
    expect(asked).toEqual(['/assets/agent.gz']);
  });

  it('is fetched by an agent that upgrades itself, and not where it is another than is announced', async () => {
    const credentials = { server: cluster.gateway.url, ca: readFileSync(trusted, 'utf8') };
    const request = async () => {
      const { stdout } = await shell(`curl -fsS ${cluster.gateway.url}/install-agent/SHA256SUMS`);
      return { status: 200, text: stdout };
    };
    // as: what `offered` reads of an answer.
    const offer = await offered({ request } as unknown as Parameters<typeof offered>[0]);
    expect(offer).toEqual({ packed: sum(packed), unpacked: sum(agent) });
    if (!offer) throw new Error('nothing is offered');
    const file = join(folder, 'upgraded');
    // as: of credentials the server and its authority.
    await fetchProgram(credentials as Parameters<typeof fetchProgram>[0], offer, file);
    expect(readFileSync(file)).toEqual(agent);
    expect(statSync(file).mode & 0o777).toBe(0o755);
    tampered = true;
    await expect(fetchProgram(credentials as Parameters<typeof fetchProgram>[0], offer, `${file}-2`)).rejects.toThrow(
      'its SHA-256 differs',
    );
  });

  it('is not there for an architecture that the deployment has none of', async () => {
    const { code } = await shell(`curl -fsS ${cluster.gateway.url}/install-agent/zeroplane-linux-riscv64.gz`);
    expect(code).not.toBe(0);
  });
});
