import { describe, expect, it } from 'vitest';
import { flowSchemaController } from './flow-schema.ts';
import { TestCluster } from './testing/cluster.ts';

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1';
const flows = 'flowcontrol.apiserver.k8s.io/flowschemas';
const levels = 'flowcontrol.apiserver.k8s.io/prioritylevelconfigurations';
const level = (name: string) => ({ apiVersion, kind: 'PriorityLevelConfiguration', metadata: { name } });
const flow = (name: string, to: string) => ({
  ...{ apiVersion, kind: 'FlowSchema', metadata: { name } },
  spec: { priorityLevelConfiguration: { name: to } },
});

describe('a FlowSchema', () => {
  it('dangles while its level is not there', async () => {
    const each = new TestCluster([flowSchemaController]);
    const dangling = (name: string) => each.state.get(flows, '', name)?.status?.conditions?.[0]?.status;
    each.put(flow('mine', 'level'));
    each.put(flow('other', 'another'));
    each.put(level('another'));
    await each.settle();
    expect([dangling('mine'), dangling('other')]).toEqual(['True', 'False']);
    each.put(level('level'));
    await each.settle();
    expect(dangling('mine')).toBe('False');
    each.remove(levels, '', 'level');
    await each.settle();
    expect([dangling('mine'), dangling('other')]).toEqual(['True', 'False']);
  });
});
