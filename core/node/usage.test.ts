import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UsageReport } from './protocol.ts';
import { packUsage, unpackUsage } from './usage.ts';

const time = '2026-01-02T03:04:05.678Z';
const empty: UsageReport = { time, windowSeconds: 75, node: { cpu: 0, memory: 0 }, pods: [] };

describe('the usage of a node, packed', () => {
  it('says what was reported, to a hundredth of a millicore and 16 KiB', () => {
    const used = fc.record({
      cpu: fc.integer({ min: 0, max: 256e9 }),
      memory: fc.integer({ min: 0, max: 2 ** 43 }),
    });
    const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1'), minLength: 1, maxLength: 12 });
    const pods = fc.uniqueArray(
      fc.record({
        namespace: name,
        name,
        containers: fc.uniqueArray(
          fc.tuple(name, used).map(([container, each]) => ({ name: container, ...each })),
          { selector: (each) => each.name, maxLength: 4 },
        ),
      }),
      { selector: (pod) => `${pod.namespace}/${pod.name}`, maxLength: 30 },
    );
    fc.assert(
      fc.property(used, pods, fc.integer({ min: 0, max: 2 ** 42 }), (node, list, heardAt) => {
        const read = unpackUsage(packUsage({ ...empty, node, pods: list }, heardAt));
        expect(read).toMatchObject({ heardAt, time, windowSeconds: 75 });
        for (const pod of list)
          for (const { name: container, cpu, memory } of pod.containers) {
            const found = read?.container(pod.namespace, pod.name, container);
            expect(Math.abs((found?.cpu ?? -1) - cpu)).toBeLessThanOrEqual(5_000);
            expect(Math.abs((found?.memory ?? -1) - memory)).toBeLessThanOrEqual(8192);
          }
        expect(read?.container('nobody', 'said', 'this')).toBeUndefined();
      }),
    );
  });

  it('fits beside a heartbeat into a kilobyte, for a hundred containers', () => {
    const pods = Array.from({ length: 100 }, (_, i) => ({
      namespace: 'production',
      name: `frontend-7d4b9c6f5d-${i.toString(36)}x2x8k`,
      containers: [{ name: 'frontend', cpu: 20e6 + i * 1e6, memory: (100 + i) * 1024 * 1024 }],
    }));
    const node = { cpu: 3.2e9, memory: 12 * 1024 ** 3 };
    expect(packUsage({ ...empty, node, pods }, Date.parse(time)).length).toBeLessThanOrEqual(940);
  });

  it('leaves out two containers that could not be told apart', () => {
    // Found by trying names: their FNV-1a of 32 bits is the same.
    const [one, other] = ['p5uzx', 'pg2ad'] as const;
    const pod = (name: string) => ({ namespace: 'a', name, containers: [{ name: 'c', cpu: 1e6, memory: 16_384 }] });
    const read = unpackUsage(packUsage({ ...empty, pods: [pod(one), pod(other), pod('third')] }, 0));
    expect(read?.container('a', one, 'c')).toBeUndefined();
    expect(read?.container('a', other, 'c')).toBeUndefined();
    expect(read?.container('a', 'third', 'c')).toEqual({ cpu: 1e6, memory: 16_384 });
  });

  it('is nothing where the format is another one', () => {
    expect(unpackUsage(Uint8Array.of(2, 0, 0))).toBeUndefined();
    expect(unpackUsage(new Uint8Array(0))).toBeUndefined();
  });
});
