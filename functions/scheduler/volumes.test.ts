import { describe, expect, it } from 'vitest';
import type { V1PersistentVolume, V1PersistentVolumeClaim, V1StorageClass } from '../../generated/kubernetes.ts';
import type { SchedulerState } from './schedule.ts';
import { decide, makeNode, makePod, outcomes, stateOf } from './testing.ts';

const zone = 'topology.kubernetes.io/zone';
const notHelpful = (total: number) =>
  ` preemption: 0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;

interface ClaimParts {
  readonly volumeName?: string;
  readonly storageClassName?: string;
  readonly accessModes?: string[];
  readonly size?: string;
  readonly annotations?: Record<string, string>;
}

function addClaim(state: SchedulerState, name: string, parts: ClaimParts = {}): void {
  const { volumeName, storageClassName = 'local', accessModes = ['ReadWriteOnce'], size = '1Gi', annotations } = parts;
  const claim: V1PersistentVolumeClaim = {
    metadata: { name, namespace: 'default', uid: `uid-${name}`, ...(annotations && { annotations }) },
    spec: {
      storageClassName,
      accessModes,
      resources: { requests: { storage: size } },
      ...(volumeName && { volumeName }),
    },
    status: { phase: volumeName ? 'Bound' : 'Pending' },
  };
  state.model.claims.set(`default/${name}`, claim);
}

function addVolume(state: SchedulerState, name: string, spec: Partial<V1PersistentVolume['spec']>, labels = {}): void {
  state.model.volumes.set(name, {
    metadata: { name, labels },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], storageClassName: 'local', ...spec },
    status: { phase: 'Available' },
  });
}

function addClass(state: SchedulerState, name: string, parts: Partial<V1StorageClass> = {}): void {
  state.model.storageClasses.set(name, {
    metadata: { name },
    provisioner: 'kubernetes.io/no-provisioner',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...parts,
  });
}

const onNode = (...names: string[]) => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: names }] }],
    },
  },
});

const withClaims = (name: string, ...claims: string[]) =>
  makePod(name, {
    spec: { volumes: claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) },
  });

describe('a pod with bound claims', () => {
  it('goes where its volumes can be reached', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    addClaim(state, 'data', { volumeName: 'v' });
    addVolume(state, 'v', onNode('b'));
    expect(outcomes(state, withClaims('p', 'data'))).toEqual({ p: 'b' });
    addVolume(state, 'v', onNode('c'));
    expect(outcomes(state, withClaims('q', 'data'))).toEqual({
      q: `0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.${notHelpful(2)}`,
    });
  });

  it('goes to the zone that the volume is labelled with', () => {
    const state = stateOf([makeNode('a', { labels: { [zone]: 'x' } }), makeNode('b', { labels: { [zone]: 'y' } })]);
    addClaim(state, 'data', { volumeName: 'v' });
    addVolume(state, 'v', {}, { [zone]: 'y__z' });
    expect(outcomes(state, withClaims('p', 'data'))).toEqual({ p: 'b' });
  });

  it('waits for a volume that does not exist', () => {
    const state = stateOf([makeNode('a')]);
    addClaim(state, 'data', { volumeName: 'gone' });
    expect(outcomes(state, withClaims('p', 'data'))['p']).toContain('bound to non-existent pv(s)');
  });

  it('is alone with a ReadWriteOncePod claim', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    addClaim(state, 'data', { volumeName: 'v', accessModes: ['ReadWriteOncePod'] });
    addVolume(state, 'v', { accessModes: ['ReadWriteOncePod'] });
    const all = outcomes(state, withClaims('first', 'data'), withClaims('second', 'data'));
    expect(all['first']).toMatch(/^[ab]$/);
    expect(all['second']).toContain(
      '2 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
    );
    state.model.removePod('default/first');
    expect(outcomes(state, withClaims('second', 'data'))['second']).toMatch(/^[ab]$/);
  });

  it('respects how many volumes a node can attach; one that is attached already costs nothing', () => {
    const state = stateOf([makeNode('a')]);
    state.model.csiNodes.set('a', {
      metadata: { name: 'a' },
      spec: { drivers: [{ name: 'csi.example.com', nodeID: 'a', allocatable: { count: 1 } }] },
    });
    for (const name of ['one', 'two']) {
      addClaim(state, name, { volumeName: name });
      addVolume(state, name, { csi: { driver: 'csi.example.com', volumeHandle: name } });
    }
    const all = outcomes(state, withClaims('p', 'one'), withClaims('same', 'one'), withClaims('q', 'two'));
    expect(all).toEqual({
      p: 'a',
      same: 'a',
      q: expect.stringContaining('1 node(s) exceed max volume count'),
    });
  });
});

describe('a pod whose claims wait for it', () => {
  it('takes the smallest volume that will do, and promises it to nobody else', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    addClass(state, 'local');
    addVolume(state, 'small', { capacity: { storage: '500Mi' }, ...onNode('a') });
    addVolume(state, 'huge', { capacity: { storage: '100Gi' }, ...onNode('b') });
    addVolume(state, 'right', { capacity: { storage: '2Gi' }, ...onNode('b') });
    for (const name of ['one', 'two', 'three']) addClaim(state, name);
    const choose = (name: string, claim: string) => decide(state, withClaims(name, claim)).bindings[0];
    expect(choose('p', 'one')).toMatchObject({ node: 'b', claims: [{ claim: 'one', volume: 'right' }] });
    expect(choose('q', 'two')).toMatchObject({ node: 'b', claims: [{ claim: 'two', volume: 'huge' }] });
    expect(outcomes(state, withClaims('r', 'three'))['r']).toBe(
      `0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.${notHelpful(2)}`,
    );
  });

  it('goes where a volume can be made, by allowedTopologies', () => {
    const state = stateOf([makeNode('a', { labels: { [zone]: 'x' } }), makeNode('b', { labels: { [zone]: 'y' } })]);
    addClass(state, 'made', {
      provisioner: 'csi.example.com',
      allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values: ['y'] }] }],
    });
    addClaim(state, 'data', { storageClassName: 'made' });
    expect(decide(state, withClaims('p', 'data')).bindings[0]).toMatchObject({
      node: 'b',
      claims: [{ claim: 'data', volume: undefined }],
    });
  });

  it('stays with the node that was selected before', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    addClass(state, 'made', { provisioner: 'csi.example.com' });
    addClaim(state, 'data', { storageClassName: 'made', annotations: { 'volume.kubernetes.io/selected-node': 'b' } });
    expect(outcomes(state, withClaims('p', 'data'))).toEqual({ p: 'b' });
  });

  it('needs a volume of its own for each claim', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    addClass(state, 'local');
    addVolume(state, 'a1', onNode('a'));
    addVolume(state, 'b1', onNode('b'));
    addVolume(state, 'b2', onNode('b'));
    for (const name of ['one', 'two']) addClaim(state, name);
    expect(outcomes(state, withClaims('p', 'one', 'two'))).toEqual({ p: 'b' });
  });
});

describe('a pod whose claims cannot help it', () => {
  it('says what is the matter, for all nodes at once', () => {
    const state = stateOf([makeNode('a')]);
    addClass(state, 'at-once', { volumeBindingMode: 'Immediate' });
    addClaim(state, 'unbound', { storageClassName: 'at-once' });
    expect(outcomes(state, withClaims('p', 'none'), withClaims('q', 'unbound'))).toEqual({
      p: `0/1 nodes are available: persistentvolumeclaim "none" not found.${notHelpful(1)}`,
      q: `0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.${notHelpful(1)}`,
    });
  });

  it('waits for devices that it asks for, as nothing allocates any', () => {
    const state = stateOf([makeNode('a')]);
    const spec = { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'one' }] };
    expect(outcomes(state, makePod('p', { spec }))).toEqual({
      p: `0/1 nodes are available: cannot allocate all claims: no node of this cluster has devices for "gpu".${notHelpful(1)}`,
    });
  });
});
