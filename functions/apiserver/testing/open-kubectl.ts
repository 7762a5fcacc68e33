// The test API behind TLS, and the real kubectl with a certificate of its admin.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kubectl, kubectlBy, runTool, type Tool, tool } from '../../../test/tools/kubectl.ts';
import { serve } from '../serve.ts';
import { createTestAuthority } from './certificates.ts';
import type { TestApi } from './open-test-api.ts';

export interface KubectlServer {
  readonly kubectl: Kubectl;
  /** For a kubectl that runs until it is ended. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

export async function openKubectl(t: TestApi, client: Exclude<Tool, 'helm'> = 'kubectl'): Promise<KubectlServer> {
  const authority = await createTestAuthority();
  const admin = await authority.client('admin', ['system:masters']);
  const tls = { ...(await authority.server()), clientCA: authority.cert };
  const serving = await serve(t.api, { host: '127.0.0.1', port: 0, tls });
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const kubeconfig = join(folder, 'kubeconfig');
  const cluster = { server: serving.url, 'certificate-authority-data': base64(authority.cert) };
  const user = { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  const common = ['--kubeconfig', kubeconfig, `--cache-dir=${join(folder, 'cache')}`];
  return {
    kubeconfig,
    kubectl: kubectlBy((args, input) => runTool(tool(client), [...common, ...args], input)),
    async close() {
      await serving.close(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
