import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../machinery/object.ts';
import { openTestRegistry, type TestRegistry } from '../../../registry/testing.ts';

let t: TestRegistry;

beforeAll(async () => {
  t = await openTestRegistry();
  await t.namespace('default');
});

afterAll(() => t.close());

const image = { name: 'c', image: 'i' };

async function made(type: string, object: object): Promise<KubeObject> {
  const body = { metadata: { name: 'x', labels: { app: 'a', version: '1' } }, ...object };
  return (await t.registry.create(t.context, t.target(type, 'default'), body, { dryRun: true })).object;
}

async function problems(spec: object): Promise<string[]> {
  const error = await made('pods', { spec: { containers: [image], ...spec } }).then(
    () => undefined,
    // Whatever else it were would show in the comparison.
    (thrown: { details?: { causes?: { field: string; message: string }[] } }) => thrown,
  );
  return (error?.details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

const topologyKey = 'topology.kubernetes.io/zone';
const term = (more: object) => ({ topologyKey, labelSelector: { matchLabels: { app: 'a' } }, ...more });
const spread = (more: object) => ({ ...term(more), maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' });
const expressions = (...of: [string, string, string][]) =>
  of.map(([key, operator, value]) => ({ key, operator, values: [value] }));

describe("keys of a pod's own labels", () => {
  it('become part of the selectors beside them when it is made', async () => {
    const pod = await made('pods', {
      spec: {
        containers: [image],
        affinity: {
          podAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [term({ matchLabelKeys: ['version', 'none'] })],
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 1, podAffinityTerm: term({ matchLabelKeys: ['version'], mismatchLabelKeys: ['app'] }) },
            ],
          },
        },
        topologySpreadConstraints: [spread({ matchLabelKeys: ['version'] })],
      },
    });
    expect(pod['spec']).toMatchObject({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchExpressions: expressions(['version', 'In', '1']) } },
          ],
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              podAffinityTerm: {
                labelSelector: { matchExpressions: expressions(['version', 'In', '1'], ['app', 'NotIn', 'a']) },
              },
            },
          ],
        },
      },
      topologySpreadConstraints: [
        { matchLabelKeys: ['version'], labelSelector: { matchExpressions: expressions(['version', 'In', '1']) } },
      ],
    });
  });

  it('stay what they are in a template', async () => {
    const spec = { containers: [image], topologySpreadConstraints: [spread({ matchLabelKeys: ['app'] })] };
    const template = await made('podtemplates', { template: { metadata: { labels: { app: 'a' } }, spec } });
    expect(template['template']).toMatchObject({ spec: { topologySpreadConstraints: spec.topologySpreadConstraints } });
  });

  it('are not said twice of a pod', async () => {
    expect(await problems({ topologySpreadConstraints: [spread({ matchLabelKeys: ['version', 'app'] })] })).toEqual([
      'spec.topologySpreadConstraints[0][1]: Invalid value: "app": exists in both matchLabelKeys and labelSelector',
    ]);
  });
});

describe('a stop signal, of a feature that is off', () => {
  it('is dropped, and what is said beside it stays', async () => {
    const preStop = { exec: { command: ['x'] } };
    const containers = [
      { ...image, lifecycle: { stopSignal: 'SIGUSR1' } },
      { ...image, name: 'd', lifecycle: { stopSignal: 'SIGUSR1', preStop } },
    ];
    const pod = await made('pods', { spec: { os: { name: 'linux' }, containers } });
    const [first, second] = (pod['spec'] as { containers: object[] }).containers;
    expect(first).not.toHaveProperty('lifecycle');
    expect(second).toMatchObject({ lifecycle: { preStop } });
    expect(second).not.toHaveProperty('lifecycle.stopSignal');
  });
});

describe('options for Windows', () => {
  const options = (windowsOptions: object) =>
    problems({ os: { name: 'windows' }, securityContext: { windowsOptions } });
  const at = 'spec.securityContext.windowsOptions';

  it.each(['ContainerUser', 'NT AUTHORITY\\SYSTEM', 'corp.example.com\\web app'])(
    'run as %s',
    async (runAsUserName) => {
      expect(await options({ runAsUserName })).toEqual([]);
    },
  );

  it.each([
    ['', ' cannot be an empty string'],
    ['a\nb', ' cannot contain control characters'],
    ['a\\b\\c', ' cannot contain more than one backslash'],
    ['a\\', "'s User cannot be empty"],
    ['\\a', "'s Domain doesn't match the NetBios nor the DNS format"],
    ['. .', "'s User cannot contain only periods or spaces"],
    ['a@b', `'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`],
    ['a'.repeat(105), "'s User length must not be longer than 104 characters"],
  ])('do not run as %j', async (runAsUserName, fault) => {
    expect(await options({ runAsUserName })).toEqual([
      `${at}.runAsUserName: Invalid value: ${JSON.stringify(runAsUserName)}: runAsUserName${fault}`,
    ]);
  });

  it('name a credential, and hold one of a size', async () => {
    expect(await options({ gmsaCredentialSpec: '' })).toEqual([
      `${at}.gmsaCredentialSpec: Invalid value: "": gmsaCredentialSpec cannot be an empty string`,
    ]);
    expect(await options({ gmsaCredentialSpec: 'x'.repeat(65537) })).toEqual([
      expect.stringMatching(/^spec\.securityContext\.windowsOptions\.gmsaCredentialSpec: Invalid value: "x+/),
    ]);
    expect(await options({ gmsaCredentialSpecName: 'A' })).toEqual([
      expect.stringContaining(`${at}.gmsaCredentialSpecName: Invalid value: "A": a lowercase RFC 1123 subdomain`),
    ]);
  });
});
