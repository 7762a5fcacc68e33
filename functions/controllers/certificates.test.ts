import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, type KeyPair } from '../../core/certificates/authority.ts';
import { certificateRequest } from '../../core/certificates/testing.ts';
import { certificateApprovalController } from './certificate-approval.ts';
import { certificateCleanupController } from './certificate-cleanup.ts';
import { createCertificateSigningController } from './certificate-signing.ts';
import { TestCluster } from './testing/cluster.ts';

const type = 'certificates.k8s.io/certificatesigningrequests';
const start = Date.parse('2026-01-01T00:00:00Z');
const hour = 3_600_000;

let pair: KeyPair;
beforeAll(async () => {
  pair = await createAuthority('test-ca', new Date(start));
});

function open(): TestCluster {
  const signing = createCertificateSigningController(async () => pair);
  return new TestCluster([certificateApprovalController, signing, certificateCleanupController], start);
}

interface Asked {
  readonly signer: string;
  readonly usages: readonly string[];
  readonly commonName?: string;
  readonly organizations?: readonly string[];
  readonly names?: Parameters<typeof certificateRequest>[2];
  readonly spec?: object;
}

async function ask(cluster: TestCluster, asked: Asked): Promise<void> {
  const { commonName = 'system:node:n1', organizations = ['system:nodes'], names } = asked;
  const { request } = await certificateRequest(commonName, organizations, names);
  cluster.put({
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'a' },
    spec: {
      request: Buffer.from(request).toString('base64'),
      signerName: `kubernetes.io/${asked.signer}`,
      usages: asked.usages,
      username: 'system:node:n1',
      groups: ['system:nodes', 'system:authenticated'],
      ...asked.spec,
    },
  });
  await cluster.settle();
}

async function approve(cluster: TestCluster): Promise<void> {
  cluster.change(type, '', 'a', (request) => {
    const condition = { type: 'Approved', status: 'True', lastUpdateTime: new Date(cluster.now).toISOString() };
    request.status = { conditions: [condition] };
  });
  await cluster.settle();
}

function grant(cluster: TestCluster, subresource: string, subject: object): void {
  const rules = [
    { verbs: ['create'], apiGroups: ['certificates.k8s.io'], resources: [`certificatesigningrequests/${subresource}`] },
  ];
  const metadata = { name: subresource };
  cluster.put({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata, rules });
  cluster.put({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: subresource },
    subjects: [subject],
  });
}

const statusOf = (cluster: TestCluster) => cluster.state.get(type, '', 'a')?.status;
const conditionsOf = (cluster: TestCluster) => statusOf(cluster)?.conditions?.map((each) => [each.type, each.reason]);

function certificateOf(cluster: TestCluster): X509Certificate {
  return new X509Certificate(Buffer.from(statusOf(cluster)?.certificate ?? '', 'base64'));
}

const kubelet = { signer: 'kube-apiserver-client-kubelet', usages: ['client auth', 'digital signature'] };

describe('the signing controller', () => {
  it('signs what was approved, as it was asked for, by the authority', async () => {
    const cluster = open();
    await ask(cluster, {
      signer: 'kube-apiserver-client',
      usages: ['client auth', 'digital signature'],
      commonName: 'jane',
      organizations: ['dev', 'ops'],
      spec: { expirationSeconds: 3600 },
    });
    expect(statusOf(cluster)?.certificate).toBeUndefined();
    await approve(cluster);
    const certificate = certificateOf(cluster);
    expect(certificate.verify(new X509Certificate(pair.certificate).publicKey)).toBe(true);
    expect(certificate.checkIssued(new X509Certificate(pair.certificate))).toBe(true);
    expect(certificate.subject.split('\n').sort()).toEqual(['CN=jane', 'O=dev', 'O=ops']);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(Date.parse(certificate.validTo)).toBe(start + hour);
    expect(Date.parse(certificate.validFrom)).toBe(start - 5 * 60_000);
  });

  it('gives at most a year, and never more than the authority has itself', async () => {
    const year = 365 * 24 * hour;
    const cluster = open();
    await ask(cluster, { signer: 'kube-apiserver-client', usages: ['client auth'], commonName: 'jane' });
    await approve(cluster);
    expect(Date.parse(certificateOf(cluster).validTo)).toBe(start + year - 5 * 60_000);
    const late = open();
    late.now = start + 9.5 * year;
    await ask(late, { signer: 'kube-apiserver-client', usages: ['client auth'], commonName: 'jane' });
    await approve(late);
    expect(Date.parse(certificateOf(late).validTo)).toBe(Date.parse(new X509Certificate(pair.certificate).validTo));
  });

  it('signs for a serving kubelet with the names that it asks for', async () => {
    const cluster = open();
    const names = [
      { type: 'dns', value: 'n1.example.com' },
      { type: 'ip', value: '10.0.0.7' },
    ] as const;
    await ask(cluster, { signer: 'kubelet-serving', usages: ['server auth', 'digital signature'], names });
    await approve(cluster);
    const certificate = certificateOf(cluster);
    expect(certificate.checkHost('n1.example.com')).toBe('n1.example.com');
    expect(certificate.checkIP('10.0.0.7')).toBe('10.0.0.7');
  });

  it('fails, with its reason, what its signer does not sign', async () => {
    const wrong: [Asked, string][] = [
      [{ signer: 'kube-apiserver-client', usages: ['server auth'] }, 'usages must contain "client auth"'],
      [{ ...kubelet, organizations: ['dev'] }, 'subject organization is not system:nodes'],
      [{ ...kubelet, commonName: 'n1' }, 'subject common name does not begin with system:node:'],
      [{ ...kubelet, names: [{ type: 'dns', value: 'a' }] }, 'DNS subjectAltNames are not allowed'],
      [{ ...kubelet, usages: ['client auth'] }, 'usages must contain "digital signature"'],
      [{ ...kubelet, usages: [...kubelet.usages, 'code signing'] }, 'usages may not contain "code signing"'],
      [
        { signer: 'kubelet-serving', usages: ['server auth', 'digital signature'] },
        'at least one DNS or IP subjectAltName is required',
      ],
      [
        {
          signer: 'kubelet-serving',
          usages: ['server auth', 'digital signature'],
          names: [
            { type: 'dns', value: 'a' },
            { type: 'email', value: 'a@example.com' },
          ],
        },
        'email subjectAltNames are not allowed',
      ],
    ];
    for (const [asked, message] of wrong) {
      const cluster = open();
      await ask(cluster, asked);
      await approve(cluster);
      expect(conditionsOf(cluster)).toEqual([
        ['Approved', undefined],
        ['Failed', 'SignerValidationFailure'],
      ]);
      expect(statusOf(cluster)?.conditions?.[1]?.message).toContain(message);
      expect(statusOf(cluster)?.certificate).toBeUndefined();
    }
  });

  it('leaves the requests of other signers alone', async () => {
    const cluster = open();
    await ask(cluster, { signer: 'own-signer', usages: ['client auth'] });
    await approve(cluster);
    expect(conditionsOf(cluster)).toEqual([['Approved', undefined]]);
  });
});

describe('the approving controller', () => {
  it('approves a node that renews its own certificate, once it may', async () => {
    const cluster = open();
    await ask(cluster, kubelet);
    expect(conditionsOf(cluster)).toBeUndefined();
    grant(cluster, 'selfnodeclient', { kind: 'Group', name: 'system:nodes' });
    await cluster.settle();
    expect(conditionsOf(cluster)).toEqual([['Approved', 'AutoApproved']]);
    expect(certificateOf(cluster).subject).toContain('CN=system:node:n1');
  });

  it('approves a bootstrapper for any node, a node for none but itself', async () => {
    const bootstrapper = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] };
    const cluster = open();
    grant(cluster, 'nodeclient', { kind: 'Group', name: 'system:bootstrappers' });
    await ask(cluster, { ...kubelet, spec: bootstrapper });
    expect(conditionsOf(cluster)).toEqual([['Approved', 'AutoApproved']]);
    const other = open();
    grant(other, 'selfnodeclient', { kind: 'Group', name: 'system:nodes' });
    await ask(other, { ...kubelet, commonName: 'system:node:n2' });
    expect(conditionsOf(other)).toBeUndefined();
  });

  it('approves nothing of other signers', async () => {
    const cluster = open();
    grant(cluster, 'selfnodeclient', { kind: 'Group', name: 'system:nodes' });
    await ask(cluster, { signer: 'kube-apiserver-client', usages: ['client auth'] });
    const names = [{ type: 'dns', value: 'n1' }] as const;
    expect(conditionsOf(cluster)).toBeUndefined();
    await ask(cluster, { signer: 'kubelet-serving', usages: ['server auth', 'digital signature'], names });
    expect(conditionsOf(cluster)).toBeUndefined();
  });
});

describe('the cleaning controller', () => {
  const gone = (cluster: TestCluster) => cluster.state.get(type, '', 'a') === undefined;

  it('deletes an hour after the decision, and a day after nobody decided', async () => {
    const cluster = open();
    await ask(cluster, { ...kubelet, spec: { username: 'eve' } });
    cluster.advance(24 * hour - 1000);
    await cluster.settle();
    expect(gone(cluster)).toBe(false);
    cluster.advance(1000);
    await cluster.settle();
    expect(gone(cluster)).toBe(true);

    const signed = open();
    await ask(signed, kubelet);
    signed.advance(2 * hour);
    await approve(signed);
    signed.advance(hour - 1000);
    await signed.settle();
    expect(gone(signed)).toBe(false);
    signed.advance(1000);
    await signed.settle();
    expect(gone(signed)).toBe(true);
  });

  it('deletes when the certificate has ended, if that is sooner', async () => {
    const cluster = open();
    await ask(cluster, { ...kubelet, spec: { expirationSeconds: 600 } });
    await approve(cluster);
    cluster.advance(600_000);
    await cluster.settle();
    expect(gone(cluster)).toBe(true);
  });
});
