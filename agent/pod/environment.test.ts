import { describe, expect, it } from 'vitest';
import type { V1Container, V1Service } from '../../generated/kubernetes.ts';
import { testContainer, testPod } from '../pods/test-pod.ts';
import { ConfigError, environment, expand } from './environment.ts';
import { podContainers } from './pod.ts';

const service = (name: string, namespace: string, port: number): V1Service => ({
  metadata: { name, namespace },
  spec: { clusterIP: '10.0.0.1', ports: [{ port, name: 'http' }] },
});

function variables(container: Partial<V1Container>, enableServiceLinks = true) {
  const pod = testPod({ enableServiceLinks, containers: [testContainer('main', container)] }, { labels: { app: 'x' } });
  const found = environment(pod, podContainers(pod)[0]!, {
    configMap: (name) => (name === 'map' ? { metadata: {}, data: { a: '1', b: '2' } } : undefined),
    secret: (name) =>
      name === 'secret' ? { metadata: {}, data: { key: Buffer.from('hidden').toString('base64') } } : undefined,
    services: [service('web-app', 'default', 80), service('kubernetes', 'default', 443)],
    nodeName: 'node-1',
    hostIPs: ['10.1.0.1'],
    podIPs: ['10.2.0.1', 'fd00::1'],
    allocatable: { cpu: 4, memory: 2 ** 30 },
  });
  return Object.fromEntries(found);
}

describe('environment', () => {
  it('takes values, references to earlier ones, ConfigMaps, Secrets, fields and resources', () => {
    const result = variables({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'map' } }],
      env: [
        { name: 'ONE', value: 'x' },
        { name: 'TWO', value: '$(ONE)-$(P_a)-$(NONE)-$$(ONE)' },
        { name: 'MAP', valueFrom: { configMapKeyRef: { name: 'map', key: 'b' } } },
        { name: 'SECRET', valueFrom: { secretKeyRef: { name: 'secret', key: 'key' } } },
        { name: 'GONE', valueFrom: { secretKeyRef: { name: 'none', key: 'key', optional: true } } },
        { name: 'APP', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'IPS', valueFrom: { fieldRef: { fieldPath: 'status.podIPs' } } },
        { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
      ],
      resources: { requests: { memory: '64Mi' } },
    });
    expect(result).toMatchObject({
      P_a: '1',
      TWO: 'x-1-$(NONE)-$(ONE)',
      MAP: '2',
      SECRET: 'hidden',
      APP: 'x',
      IPS: '10.2.0.1,fd00::1',
      CPU: '4',
      MEMORY: '64',
    });
    expect(result).not.toHaveProperty('GONE');
  });

  it('tells of Services, and of none but the API with enableServiceLinks false', () => {
    expect(variables({})).toMatchObject({
      WEB_APP_SERVICE_HOST: '10.0.0.1',
      WEB_APP_SERVICE_PORT_HTTP: '80',
      WEB_APP_PORT_80_TCP: 'tcp://10.0.0.1:80',
      KUBERNETES_SERVICE_PORT: '443',
    });
    const without = variables({}, false);
    expect(without).not.toHaveProperty('WEB_APP_SERVICE_HOST');
    expect(without).toHaveProperty('KUBERNETES_SERVICE_HOST');
  });

  it('refuses references to what is not there', () => {
    const from = (valueFrom: object) => () => variables({ env: [{ name: 'X', valueFrom }] });
    expect(from({ configMapKeyRef: { name: 'none', key: 'a' } })).toThrow(
      new ConfigError('configmap "none" not found'),
    );
    expect(from({ secretKeyRef: { name: 'secret', key: 'no' } })).toThrow(
      "couldn't find key no in Secret default/secret",
    );
    expect(() => variables({ envFrom: [{ secretRef: { name: 'none' } }] })).toThrow('secret "none" not found');
  });

  it('expands as Kubernetes does', () => {
    const value = (name: string) => ({ A: 'a', B: '$(A)' })[name];
    const cases = {
      '$(A)': 'a',
      '$$(A)': '$(A)',
      '$(B)': '$(A)',
      '$(C)': '$(C)',
      $A: '$A',
      '$(A': '$(A',
      '$$$(A)': '$a',
      x$: 'x$',
    };
    for (const [text, result] of Object.entries(cases)) expect(expand(text, value)).toBe(result);
  });
});
