import { describe, expect, it } from 'vitest';
import type { V1Volume } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import { testPod } from '../pods/test-pod.ts';
import type { CsiVolumes, VolumeParts } from './volume-type.ts';
import { createVolumeUsage } from './volume-usage.ts';
import type { VolumeUse } from './volume-use.ts';

const csi = { driver: 'd', volumeHandle: 'h' };

function reading(volumes: V1Volume[], use: CsiVolumes['use']) {
  const pods: Pod[] = [testPod({ volumes })];
  const clock = { now: 0 };
  const parts = {
    objects: {
      claim: (_: string, name: string) => ({ spec: { volumeName: `pv-${name}` }, status: { phase: 'Bound' } }),
      volume: (name: string) => ({ metadata: { name }, spec: { csi } }),
    },
    csi: { use },
    // as: what is asked of volumes, claims and drivers here is these.
  } as unknown as VolumeParts;
  return {
    pods,
    clock,
    usage: createVolumeUsage({ parts, podsDir: '/pods', pods: () => pods, now: () => clock.now }),
  };
}
const claimed = (name: string): V1Volume => ({ name, persistentVolumeClaim: { claimName: `c-${name}` } });

describe('how full volumes are', () => {
  it('is what drivers say of claims and of volumes of a pod alone, and nothing of what nobody measures', async () => {
    const asked: string[] = [];
    const use = async (uid: string, name: string) => {
      asked.push(`${uid} ${name}`);
      return { used: asked.length };
    };
    const inline = { name: 'own', csi: { driver: 'd' } };
    const { usage } = reading([claimed('a'), inline, { name: 'config', configMap: { name: 'x' } }], use);
    expect(await usage.read()).toEqual([
      { uid: 'u1', namespace: 'default', name: 'a', claim: 'c-a', at: 0, use: { used: 1 } },
      { uid: 'u1', namespace: 'default', name: 'own', claim: undefined, at: 0, use: { used: 2 } },
    ]);
    expect(asked).toEqual(['u1 pv-c-a', 'u1 own']);
  });

  it('is asked for once a minute, and forgotten with its pod', async () => {
    let count = 0;
    const { usage, clock, pods } = reading([claimed('a')], async () => ({ used: ++count }));
    const used = async () => (await usage.read()).map(({ use }) => use.used);
    expect(await used()).toEqual([1]);
    clock.now = 59_999;
    expect(await used()).toEqual([1]);
    clock.now = 60_000;
    expect(await used()).toEqual([2]);
    const [pod] = pods.splice(0);
    expect(await used()).toEqual([]);
    if (pod) pods.push(pod);
    expect(await used()).toEqual([3]);
  });

  it('is left out where a driver fails or hangs, which is not asked twice at once', async () => {
    let asked = 0;
    let answer: (use: VolumeUse) => void = () => undefined;
    const { usage } = reading([claimed('broken'), claimed('slow'), claimed('fine')], async (_, name) => {
      if (name === 'pv-c-broken') throw new Error('away');
      if (name === 'pv-c-fine') return { used: 1 };
      asked += 1;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const names = async () => (await usage.read()).map(({ name }) => name);
    expect(await names()).toEqual(['fine']);
    expect(await names()).toEqual(['fine']);
    expect(asked).toBe(1);
    answer({ used: 5 });
    expect(await names()).toEqual(['slow', 'fine']);
  });
});
