import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestRegistry, type TestRegistry } from '../../../registry/testing.ts';

let t: TestRegistry;

beforeAll(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterAll(() => t.close());

const ports = [{ port: 1 }];

async function made(spec: object, dryRun = true) {
  const body = { metadata: { name: 'x' }, spec };
  return (await t.registry.create(t.context, t.target('services', 'default'), body, { dryRun })).object['spec'];
}

async function problems(run: Promise<unknown>): Promise<string[]> {
  const error = await run.then(
    () => undefined,
    // Whatever else it were would show in the comparison.
    (thrown: { details?: { causes?: { field: string; message: string }[] } }) => thrown,
  );
  return (error?.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

describe('a Service of the families it has', () => {
  it.each<[object, object]>([
    [{ clusterIP: 'None' }, { ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack', clusterIPs: ['None'] }],
    [{ clusterIP: 'None', ipFamilyPolicy: 'SingleStack' }, { ipFamilies: ['IPv4'] }],
    [
      { clusterIP: 'None', selector: { a: 'b' } },
      { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
    ],
    [
      { ports, ipFamilyPolicy: 'PreferDualStack' },
      { ipFamilies: ['IPv4'], ipFamilyPolicy: 'PreferDualStack' },
    ],
    [{ ports, externalIPs: ['192.0.2.1'] }, { externalTrafficPolicy: 'Cluster' }],
    // A dry run says what would be given out.
    [
      { ports, type: 'NodePort' },
      { clusterIP: expect.stringMatching(/^10\./), ports: [{ nodePort: expect.any(Number) }] },
    ],
  ])('%j has %j', async (spec, expected) => {
    expect(await made(spec)).toMatchObject(expected);
  });

  it('takes nothing in a dry run', async () => {
    await made({ ports, type: 'NodePort' });
    expect((await t.registry.list(t.context, t.target('networking.k8s.io/ipaddresses'), {})).entries).toEqual([]);
  });

  it.each<[object, string[]]>([
    [{ ports, ipFamilies: ['IPv6'] }, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']],
    [
      { ports, ipFamilyPolicy: 'RequireDualStack' },
      [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ],
    ],
    [
      { ports, ipFamilies: ['IPv4', 'IPv6'] },
      [
        `spec.ipFamilyPolicy: Invalid value: "SingleStack": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified`,
      ],
    ],
    [
      { type: 'ExternalName', externalName: 'a.b', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
      [
        'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
      ],
    ],
    [
      { ports, clusterIP: 'None', clusterIPs: ['None', '10.0.0.9'] },
      [`spec.clusterIPs: Invalid value: ["None","10.0.0.9"]: 'None' must be the first and only value`],
    ],
    [
      { ports, clusterIPs: ['10.0.0.9'] },
      ['spec.clusterIPs: Invalid value: ["10.0.0.9"]: must be empty when `clusterIP` is not specified'],
    ],
    [
      { ports, clusterIP: '10.0.0.9', clusterIPs: ['10.0.0.9', '10.0.0.8'] },
      ['spec.clusterIPs: Invalid value: ["10.0.0.9","10.0.0.8"]: may specify no more than one IP for each IP family'],
    ],
    [
      { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: -1, ports },
      ['spec.healthCheckNodePort: Invalid value: -1: must be between 1 and 65535, inclusive'],
    ],
    [
      { healthCheckNodePort: 30000, ports },
      [
        "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ],
    ],
    [
      {
        type: 'NodePort',
        ports: [
          { port: 1, name: 'a' },
          { port: 2, name: 'b', nodePort: 80 },
        ],
      },
      [
        'spec.ports[1].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
    ],
  ])('%j is refused', async (spec, expected) => {
    expect(await problems(made(spec))).toEqual(expected);
  });

  it('keeps its first address and family, and gives both up for a name', async () => {
    await made({ ports }, false);
    const target = t.target('services', 'default', 'x');
    const patched = (spec: object) => t.registry.patch(t.context, target, 'merge', { spec }, { dryRun: true });
    expect(await problems(patched({ ipFamilies: ['IPv6'] }))).toEqual([
      expect.stringMatching(
        /^spec\.clusterIPs\[0\]: Invalid value: "10\..*: expected an IPv6 value as indicated by `ipFamilies\[0\]`$/,
      ),
    ]);
    expect(await problems(patched({ clusterIP: 'None' }))).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    ]);
    const { spec } = (await patched({ type: 'ExternalName', externalName: 'a.b' })).object as { spec?: object };
    expect(spec).not.toHaveProperty('clusterIPs');
    expect(spec).not.toHaveProperty('ipFamilyPolicy');
  });
});
