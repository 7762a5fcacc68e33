// What a cluster has beside Kubernetes' own first objects. Made when missing, then the administrator's.

import type { V1Service, V1StorageClass } from '../../generated/kubernetes.ts';
import type { Definitions } from '../api/definition.ts';
import { dnsAddresses } from '../kinds/allocate/dns-address.ts';
import { createClient } from './client.ts';
import type { Registry } from './registry.ts';

export async function ensureAddons(registry: Registry, definitions: Definitions, serviceCIDR: string): Promise<void> {
  const user = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
  const client = createClient(registry, definitions, user, 'zeroplane');
  const found = await client.find('services', 'kube-system', 'kube-dns');
  if (!found) await client.create('services', dnsService(dnsAddresses(serviceCIDR)));
  const classes = await client.list('storage.k8s.io/storageclasses');
  if (classes.length === 0) await client.create('storage.k8s.io/storageclasses', localPath);
}

/** Volumes in a directory of the node that the first pod of a claim came to; they outlive pods, and stay on that node. */
const localPath: V1StorageClass & { metadata: object } = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'local-path', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'zeroplane.dev/local-path',
  reclaimPolicy: 'Delete',
  allowVolumeExpansion: true,
  volumeBindingMode: 'WaitForFirstConsumer',
};

/** Holds the DNS addresses, one of each family, and shows them to users. It has no selector: every node answers for itself. */
function dnsService(clusterIPs: string[]): V1Service & { metadata: object } {
  const port = (name: string, protocol: string) => ({ name, protocol, port: 53, targetPort: 53 });
  const addresses = clusterIPs.length > 1 ? { clusterIPs, ipFamilyPolicy: 'RequireDualStack' } : {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kube-dns',
      namespace: 'kube-system',
      labels: { 'k8s-app': 'kube-dns', 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
    },
    spec: { clusterIP: clusterIPs[0] ?? '', ...addresses, ports: [port('dns', 'UDP'), port('dns-tcp', 'TCP')] },
  };
}
