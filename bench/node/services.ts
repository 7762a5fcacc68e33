// The rules of many Services in a real kernel: all of them at once, and one endpoint more of one of them.

import { service, slice } from '../../agent/network/testing/objects.ts';
import { createSandbox } from '../../agent/network/testing/sandbox.ts';
import type { Row } from './row.ts';

const counts = [1000, 5000];
const endpointsEach = 3;
const deltas = 5;

export async function serviceRows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const count of counts) {
    const sandbox = createSandbox();
    try {
      await sandbox.start();
      const services = Array.from({ length: count }, (_, at) => service(`s-${at}`, `10.96.${at >> 8}.${at & 255}`));
      const endpoints = (at: number, more = 0) =>
        Array.from({ length: endpointsEach + more }, (_, each) => ({ ip: `10.244.${at % 250}.${10 + each}` }));
      const endpointSlices = services.map((_, at) => slice(`s-${at}`, endpoints(at)));
      const apply = async (slices: typeof endpointSlices) => {
        const began = performance.now();
        await sandbox.apply({ services, endpointSlices: slices });
        return performance.now() - began;
      };
      const full = await apply(endpointSlices);
      const changed: number[] = [];
      for (let at = 0; at < deltas; at += 1)
        changed.push(await apply(endpointSlices.with(at, slice(`s-${at}`, endpoints(at, 1)))));
      const middle = changed.sort((a, b) => a - b)[deltas >> 1] ?? Number.NaN;
      rows.push(
        {
          what: `${count} Services with ${endpointsEach} endpoints, all at once`,
          figure: Math.round(full),
          unit: 'ms',
          goal: '',
        },
        { what: `one endpoint more or less among ${count} Services`, figure: Math.round(middle), unit: 'ms', goal: '' },
      );
    } finally {
      sandbox.close();
    }
  }
  return rows;
}
