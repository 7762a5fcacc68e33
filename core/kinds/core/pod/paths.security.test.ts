// A file path of a pod's spec never leaves what it is below, and no text of it ends or breaks what it is written into, whichever field
// it is in.

import { resolve } from 'node:path/posix';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { V1Container, V1PodSpec, V1Volume } from '../../../../generated/kubernetes.ts';
import { fuzzRuns } from '../../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../../test/tools/tried.ts';
import { strategy as persistentVolume } from '../persistent-volume/strategy.ts';
import { validatePodSpec } from './validate-spec.ts';

const specOf = (volume: Partial<V1Volume>, container: Partial<V1Container> = {}, more: Partial<V1PodSpec> = {}) => ({
  restartPolicy: 'Always',
  dnsPolicy: 'ClusterFirst',
  terminationGracePeriodSeconds: 30,
  containers: [{ name: 'c', image: 'i', ...container }],
  volumes: [{ name: 'v', ...volume }],
  ...more,
});
const problems = (spec: V1PodSpec) => validatePodSpec(spec, 'spec').map(({ field, message }) => `${field}: ${message}`);
const mounted = (field: 'subPath' | 'subPathExpr') => (path: string) =>
  specOf({ emptyDir: {} }, { volumeMounts: [{ name: 'v', mountPath: '/m', [field]: path }] });
const projected = (source: object) => specOf({ projected: { sources: [source] } });
const certificate = (field: string) => (path: string) =>
  projected({ podCertificate: { signerName: 'a.b/c', keyType: 'ED25519', [field]: path } });
const field = { fieldRef: { fieldPath: 'metadata.name' } };

/** Files in a volume whose own entries begin with two dots. */
const inVolume: Readonly<Record<string, (path: string) => V1PodSpec>> = {
  'volumes[0].secret.items[0].path': (path) => specOf({ secret: { secretName: 's', items: [{ key: 'k', path }] } }),
  'volumes[0].configMap.items[0].path': (path) => specOf({ configMap: { name: 's', items: [{ key: 'k', path }] } }),
  'volumes[0].downwardAPI.path': (path) => specOf({ downwardAPI: { items: [{ path, ...field }] } }),
  'volumes[0].projected.sources[0].secret.items[0].path': (path) =>
    projected({ secret: { name: 's', items: [{ key: 'k', path }] } }),
  'volumes[0].projected.sources[0].configMap.items[0].path': (path) =>
    projected({ configMap: { name: 's', items: [{ key: 'k', path }] } }),
  'volumes[0].projected.sources[0].downwardAPI.path': (path) =>
    projected({ downwardAPI: { items: [{ path, ...field }] } }),
  'volumes[0].projected.path': (path) => projected({ serviceAccountToken: { path } }),
  'volumes[0].projected.sources[0].clusterTrustBundle.path': (path) =>
    projected({ clusterTrustBundle: { name: 'b', path } }),
  'volumes[0].projected.sources[0].podCertificate.keyPath': certificate('keyPath'),
  'volumes[0].projected.sources[0].podCertificate.credentialBundlePath': certificate('credentialBundlePath'),
  'volumes[0].projected.sources[0].podCertificate.certificateChainPath': certificate('certificateChainPath'),
};

/** Paths below something else. */
const below: Readonly<Record<string, (path: string) => V1PodSpec>> = {
  'containers[0].volumeMounts.subPath': mounted('subPath'),
  'containers[0].volumeMounts.subPathExpr': mounted('subPathExpr'),
  'containers[0].env[0].valueFrom.fileKeyRef.path': (path) =>
    specOf({ emptyDir: {} }, { env: [{ name: 'E', valueFrom: { fileKeyRef: { volumeName: 'v', path, key: 'k' } } }] }),
  'containers[0].securityContext.seccompProfile.localhostProfile': (path) =>
    specOf({ emptyDir: {} }, { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: path } } }),
  'securityContext.seccompProfile.localhostProfile': (path) =>
    specOf(
      { emptyDir: {} },
      {},
      { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: path } } },
    ),
  'volumes[0].gitRepo.directory': (path) => specOf({ gitRepo: { repository: 'r', directory: path } }),
};

/** Paths of the node, and in a container's own files. */
const anywhere: Readonly<Record<string, (path: string) => V1PodSpec>> = {
  'volumes[0].hostPath.path': (path) => specOf({ hostPath: { path } }),
  'containers[0].volumeDevices[0].devicePath': (path) =>
    specOf({ persistentVolumeClaim: { claimName: 'c' } }, { volumeDevices: [{ name: 'v', devicePath: path }] }),
};

/** Every text of a container or pod that a node writes somewhere. */
const texts: Readonly<Record<string, (text: string) => V1PodSpec>> = {
  'containers[0].image': (image) => specOf({ emptyDir: {} }, { image }),
  'containers[0].command[0]': (text) => specOf({ emptyDir: {} }, { command: [text] }),
  'containers[0].args[0]': (text) => specOf({ emptyDir: {} }, { args: [text] }),
  'containers[0].workingDir': (workingDir) => specOf({ emptyDir: {} }, { workingDir }),
  'containers[0].terminationMessagePath': (path) => specOf({ emptyDir: {} }, { terminationMessagePath: path }),
  'containers[0].env[0].name': (name) => specOf({ emptyDir: {} }, { env: [{ name, value: '' }] }),
  'containers[0].env[0].value': (value) => specOf({ emptyDir: {} }, { env: [{ name: 'A', value }] }),
  'containers[0].volumeMounts[0].mountPath': (mountPath) =>
    specOf({ emptyDir: {} }, { volumeMounts: [{ name: 'v', mountPath }] }),
  'containers[0].livenessProbe.exec.command[0]': (text) =>
    specOf({ emptyDir: {} }, { livenessProbe: { exec: { command: [text] } } }),
  'containers[0].livenessProbe.httpGet.path': (path) =>
    specOf({ emptyDir: {} }, { livenessProbe: { httpGet: { path, port: 1 } } }),
  'containers[0].lifecycle.preStop.httpGet.httpHeaders[0].value': (value) =>
    specOf(
      { emptyDir: {} },
      { lifecycle: { preStop: { httpGet: { port: 1, path: '/', httpHeaders: [{ name: 'A', value }] } } } },
    ),
  'containers[0].ports[0].hostIP': (hostIP) => specOf({ emptyDir: {} }, { ports: [{ containerPort: 1, hostIP }] }),
  'hostAliases[0].ip': (ip) => specOf({ emptyDir: {} }, {}, { hostAliases: [{ ip }] }),
  'hostAliases[0].hostnames[0]': (name) =>
    specOf({ emptyDir: {} }, {}, { hostAliases: [{ ip: '1.2.3.4', hostnames: [name] }] }),
  'dnsConfig.nameservers[0]': (ip) => specOf({ emptyDir: {} }, {}, { dnsConfig: { nameservers: [ip] } }),
  'dnsConfig.searches[0]': (name) => specOf({ emptyDir: {} }, {}, { dnsConfig: { searches: [name] } }),
  'dnsConfig.options[0].name': (name) => specOf({ emptyDir: {} }, {}, { dnsConfig: { options: [{ name }] } }),
  'dnsConfig.options[0].value': (value) =>
    specOf({ emptyDir: {} }, {}, { dnsConfig: { options: [{ name: 'ndots', value }] } }),
  hostname: (hostname) => specOf({ emptyDir: {} }, {}, { hostname }),
  subdomain: (subdomain) => specOf({ emptyDir: {} }, {}, { subdomain }),
  hostnameOverride: (hostnameOverride) => specOf({ emptyDir: {} }, {}, { hostnameOverride }),
  'securityContext.sysctls[0].value': (value) =>
    specOf({ emptyDir: {} }, {}, { securityContext: { sysctls: [{ name: 'net.a', value }] } }),
  'volumes[0].nfs.path': (path) => specOf({ nfs: { server: 's', path } }),
  'volumes[0].csi.volumeAttributes.a': (text) => specOf({ csi: { driver: 'd', volumeAttributes: { a: text } } }),
  'volumes[0].flexVolume.options.a': (text) => specOf({ flexVolume: { driver: 'd', options: { a: text } } }),
};

const wordy = (rows: object) => Object.entries(rows) as [string, (path: string) => V1PodSpec][];

describe('a file path of a pod', () => {
  it.each(wordy({ ...inVolume, ...below }))('stays below what it is in: %s', (name, spec) => {
    for (const path of ['../../../etc/x', 'a/../../b', '..', 'a/..']) {
      tried('hostile paths in pod specs');
      expect(problems(spec(path))).toContain(
        `spec.${name}: Invalid value: ${JSON.stringify(path)}: must not contain '..'`,
      );
    }
    tried('hostile paths in pod specs');
    expect(problems(spec('/etc/x'))).toContain(`spec.${name}: Invalid value: "/etc/x": must be a relative path`);
    for (const path of ['a', 'a/b', 'a..b/c...', '.a', 'with space', 'new\nline'])
      expect(problems(spec(path))).toEqual([]);
  });

  it.each(wordy(inVolume))('never takes a name that the volume itself needs: %s', (name, spec) => {
    for (const path of ['..data', '..data/x', '..2026_01_01', '..data_tmp']) {
      tried('hostile paths in pod specs');
      expect(problems(spec(path))).toEqual([
        `spec.${name}: Invalid value: ${JSON.stringify(path)}: must not start with '..'`,
      ]);
    }
  });

  it.each(wordy(anywhere))('has no way up: %s', (name, spec) => {
    tried('hostile paths in pod specs', 2);
    for (const path of ['/a/../../etc', '..']) {
      const message = name.includes('device') ? "can not contain backsteps ('..')" : "must not contain '..'";
      expect(problems(spec(path))).toContain(`spec.${name}: Invalid value: ${JSON.stringify(path)}: ${message}`);
    }
    expect(problems(spec('/a/b'))).toEqual([]);
  });

  it('is that of one file of a projected volume', () => {
    const sources = [
      { secret: { name: 's', items: [{ key: 'k', path: 'p' }] } },
      { downwardAPI: { items: [{ path: 'p', ...field }] } },
      { podCertificate: { signerName: 'a.b/c', keyType: 'ED25519', keyPath: 'p', credentialBundlePath: 'q' } },
    ];
    expect(problems(specOf({ projected: { sources } }))).toEqual([
      'spec.volumes[0].projected: Invalid value: "p": conflicting duplicate paths',
      'spec.volumes[0].projected: Invalid value: "p": conflicting duplicate paths',
    ]);
  });

  it('is not one of a subPath of an ephemeral container, nor of two kinds at once', () => {
    const volumeMounts = [{ name: 'v', mountPath: '/m', subPath: 'a', subPathExpr: 'b' }];
    const spec = specOf({ emptyDir: {} }, {}, { ephemeralContainers: [{ name: 'e', image: 'i', volumeMounts }] });
    const at = 'spec.ephemeralContainers[0].volumeMounts[0]';
    expect(problems(spec)).toEqual([
      `${at}.subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive`,
      `${at}.subPath: Forbidden: cannot be set for an Ephemeral Container`,
      `${at}.subPathExpr: Forbidden: cannot be set for an Ephemeral Container`,
    ]);
  });

  it('stays where it is for any mix of parts', () => {
    const part = fc.constantFrom('..', '.', '', 'a', '..data', '...', 'a..', '\0', '\n', '~', '\\..', '%2e%2e');
    const any = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));
    const rows = wordy({ ...inVolume, ...below });
    fc.assert(
      fc.property(fc.constantFrom(...rows), any, ([name, spec], path) => {
        tried('hostile paths in pod specs');
        if (problems(spec(path)).length > 0) return;
        const where = resolve('/volume/here', path);
        expect(where === '/volume/here' || where.startsWith('/volume/here/')).toBe(true);
        expect(path.startsWith('/')).toBe(false);
        expect(path).not.toContain('\0');
        if (name in inVolume) expect(path.startsWith('..')).toBe(false);
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });
});

describe('a text of a pod', () => {
  it.each(wordy({ ...inVolume, ...below, ...anywhere, ...texts }))('holds no NUL: %s', (_, spec) => {
    tried('NUL and control characters in pod specs');
    expect(problems(spec('a\0b')).some((each) => each.endsWith('must not contain the character NUL'))).toBe(true);
  });

  it.each([
    'hostAliases[0].ip',
    'hostAliases[0].hostnames[0]',
    'dnsConfig.nameservers[0]',
    'dnsConfig.searches[0]',
    'dnsConfig.options[0].name',
    'dnsConfig.options[0].value',
    'hostname',
    'subdomain',
    'hostnameOverride',
  ])('makes no line of its own in the hosts file or resolv.conf: %s', (name) => {
    for (const text of ['1.2.3.4\n5.6.7.8 kubernetes', 'a\nnameserver 6.6.6.6', '\n', '1.2.3.4\r', 'a\v']) {
      tried('NUL and control characters in pod specs');
      const found = problems(texts[name]?.(text) ?? specOf({}));
      expect(found.join()).toContain(`spec.${name.replace(/\.(?:name|value)$/, '')}`);
    }
  });

  it('is named in full where it is a key', () => {
    const spec = specOf({ emptyDir: {} }, {}, { nodeSelector: { 'a\0': 'b' } });
    expect(problems(spec)).toContain(
      'spec.nodeSelector: Invalid value: "a\\u0000": must not contain the character NUL',
    );
  });
});

describe('a PersistentVolume', () => {
  const volume = (source: object) =>
    persistentVolume
      .validate?.(
        {
          metadata: { name: 'v' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            capacity: { storage: '1Gi' },
            nodeAffinity: {
              required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'Exists' }] }] },
            },
            ...source,
          },
        } as never,
        undefined,
      )
      .map(({ field: at, message }) => `${at}: ${message}`);

  it.each(['hostPath', 'local'])('has a path without a way up: %s', (kind) => {
    tried('hostile paths in pod specs', 3);
    expect(volume({ [kind]: { path: '/a/../../etc' } })).toEqual([
      `spec.${kind}.path: Invalid value: "/a/../../etc": must not contain '..'`,
    ]);
    expect(volume({ [kind]: { path: '' } })).toEqual([`spec.${kind}.path: Required value`]);
    expect(volume({ [kind]: { path: '/a\0' } })).toEqual([
      `spec.${kind}.path: Invalid value: "/a\\u0000": must not contain the character NUL`,
    ]);
    expect(volume({ [kind]: { path: '/a/b' } })).toEqual([]);
  });

  it('elsewhere has what its driver cannot do without', () => {
    expect(volume({ nfs: { server: 's', path: 'a' } })).toEqual([
      'spec.nfs.path: Invalid value: "a": must be an absolute path',
    ]);
    expect(volume({ iscsi: { targetPortal: 'p', iqn: 'x', lun: 256 } })).toEqual([
      'spec.iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
      'spec.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
    ]);
    expect(volume({ fc: {} })).toEqual([
      'spec.fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both',
    ]);
    expect(volume({ flexVolume: { driver: 'd', options: { 'x.Kubernetes.io/a': '' } } })).toEqual([
      'spec.flexVolume.options[x.Kubernetes.io/a]: Invalid value: "x.Kubernetes.io/a": kubernetes.io and k8s.io namespaces are reserved',
    ]);
    expect(volume({ flocker: { datasetName: '../x' } })).toEqual([
      `spec.flocker.datasetName: Invalid value: "../x": must not contain '/'`,
    ]);
  });
});
