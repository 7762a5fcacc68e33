import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const armor = 'container.apparmor.security.beta.kubernetes.io';
const containers = [{ name: 'c', image: 'i' }];
const pod = (annotations: object, spec: object = {}) => ({
  metadata: { name: 'a', annotations },
  spec: { containers, ...spec },
});
const armored = (annotation: string, appArmorProfile: object) =>
  pod({ [`${armor}/c`]: annotation }, { containers: [{ ...containers[0], securityContext: { appArmorProfile } }] });
const field = 'spec.containers[0].securityContext.appArmorProfile';

describe('a pod is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'a profile of no container',
      pod({ [`${armor}/d`]: 'runtime/default' }),
      [`metadata.annotations[${armor}/d]: Invalid value: "d": container not found`],
    ],
    [
      'a profile of no kind',
      pod({ [`${armor}/c`]: 'mine' }),
      [`metadata.annotations[${armor}/c]: Invalid value: "mine": invalid AppArmor profile name: "mine"`],
    ],
    [
      'a profile beside another',
      armored('unconfined', { type: 'RuntimeDefault' }),
      [`${field}.type: Forbidden: apparmor type in annotation and field must match`],
    ],
    [
      'a profile of the node beside another',
      armored('localhost/a', { type: 'Localhost', localhostProfile: 'b' }),
      [`${field}.localhostProfile: Forbidden: apparmor profile in annotation and field must match`],
    ],
    [
      'a mirror of no node',
      pod({ 'kubernetes.io/config.mirror': 'x' }),
      [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      ],
    ],
    ...['', '+1', '08', '1.5', '2147483648', 'x'].map((cost): [string, object, string[]] => [
      `the cost ${JSON.stringify(cost)}`,
      pod({ 'controller.kubernetes.io/pod-deletion-cost': cost }),
      [
        `metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: ${JSON.stringify(cost)}: must be a 32bit integer`,
      ],
    ]),
  ])('for %s', async (_, object, expected) => {
    expect(await kinds.created('pods', object)).toEqual(expected);
  });

  it('as a template is', async () => {
    const template = {
      metadata: { annotations: { [`${armor}/d`]: 'x', '-': '' }, labels: { '-': 'a' } },
      spec: { containers },
    };
    expect(await kinds.created('podtemplates', { template })).toEqual([
      expect.stringContaining('template.labels: Invalid value: "-": name part must consist of'),
      expect.stringContaining('template.annotations: Invalid value: "-": name part must consist of'),
      `template.annotations[${armor}/d]: Invalid value: "d": container not found`,
      `template.annotations[${armor}/d]: Invalid value: "x": invalid AppArmor profile name: "x"`,
    ]);
  });
});

describe('a pod is taken', () => {
  it.each([
    ['with the same profile twice', armored('localhost/a', { type: 'Localhost', localhostProfile: 'a' })],
    ['without confinement in both', armored('unconfined', { type: 'Unconfined' })],
    ['with a cost below nothing', pod({ 'controller.kubernetes.io/pod-deletion-cost': '-10' })],
  ])('%s', async (_, object) => {
    expect(await kinds.created('pods', object)).toEqual([]);
  });
});
