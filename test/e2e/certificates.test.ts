// A user gets a client certificate by a CertificateSigningRequest and works with it, through the real control plane and kubectl.

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { certificateRequest } from '../../core/certificates/testing.ts';
import { type ControlPlane, planControlPlane } from '../tools/control-plane.ts';

let plane: ControlPlane;
beforeAll(async () => {
  plane = await planControlPlane();
  const { code, stderr } = await plane.up();
  expect(code, stderr).toBe(0);
});
afterAll(() => plane?.remove());

it('signs for a user, who may then do what RBAC says, and nothing once the certificate is of another key', async () => {
  const { request, key } = await certificateRequest('jane', ['developers']);
  const csr = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'jane' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      expirationSeconds: 3600,
    },
  };
  const { kubectl } = plane;
  await kubectl.input(JSON.stringify(csr), 'create', '-f', '-');
  expect(await kubectl('get', 'csr', 'jane', '--no-headers')).toContain('Pending');
  await kubectl('certificate', 'approve', 'jane');
  await kubectl('wait', '--for=jsonpath={.status.certificate}', 'csr/jane', '--timeout=30s');
  const certificate = await kubectl('get', 'csr', 'jane', '-o', 'jsonpath={.status.certificate}');
  await kubectl('create', 'rolebinding', 'developers', '--clusterrole=view', '--group=developers');

  const as = (key: string) => {
    const [certFile, keyFile] = [join(plane.dataDir, 'jane.crt'), join(plane.dataDir, 'jane.key')];
    writeFileSync(certFile, Buffer.from(certificate, 'base64'));
    writeFileSync(keyFile, key);
    const server = [`--server=${plane.url}`, `--certificate-authority=${join(plane.dataDir, 'pki', 'ca.crt')}`];
    const own = [`--client-certificate=${certFile}`, `--client-key=${keyFile}`, '--kubeconfig=/dev/null'];
    return (...args: string[]) => kubectl.attempt(...args, ...server, ...own);
  };
  const jane = as(key);
  const who = await jane('auth', 'whoami', '-o', 'json');
  expect(who.code, who.stderr).toBe(0);
  expect(JSON.parse(who.stdout).status.userInfo).toMatchObject({
    username: 'jane',
    groups: ['developers', 'system:authenticated'],
  });
  expect((await jane('get', 'pods', '-n', 'default')).code).toBe(0);
  expect((await jane('get', 'secrets', '-n', 'default')).stderr).toContain(
    'User "jane" cannot list resource "secrets"',
  );

  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  expect((await as(String(stranger))('get', 'pods')).code).not.toBe(0);
});
