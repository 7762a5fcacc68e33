// The test API behind TLS, and the real kubectl with a certificate of its admin.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kubectl, kubectlBy, runTool, type Tool, tool } from '../../../test/tools/kubectl.ts';
import type { TestApi } from './open-test-api.ts';
import { openTls } from './open-tls.ts';

export interface KubectlServer {
  readonly kubectl: Kubectl;
  /** For a kubectl that runs until it is ended. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

export async function openKubectl(t: TestApi, client: Exclude<Tool, 'helm'> = 'kubectl'): Promise<KubectlServer> {
  const { url, ca, admin, close } = await openTls(t);
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const kubeconfig = join(folder, 'kubeconfig');
  const cluster = { server: url, 'certificate-authority-data': base64(ca) };
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
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
