// How the store's benchmarks measure: loops of a given concurrency for a given time, and quantiles.

export interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** Calls `work` from `concurrency` loops for `seconds`, after a warm-up of a fifth of that. Latencies in milliseconds. */
export async function measure(concurrency: number, seconds: number, work: () => Promise<unknown>): Promise<Measured> {
  const begin = performance.now() + seconds * 200;
  const until = begin + seconds * 1000;
  const latencies: number[] = [];
  const loop = async () => {
    for (let start = performance.now(); start < until; ) {
      await work();
      const end = performance.now();
      if (start >= begin) latencies.push(end - start);
      start = end;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return { perSecond: Math.round(latencies.length / seconds), ...quantiles(latencies) };
}

export function quantiles(values: readonly number[]): { p50: number; p99: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) => Number((sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN).toFixed(3));
  return { p50: at(0.5), p99: at(0.99) };
}

/** An object of about `size` bytes as it is stored, with the place of its resourceVersion. */
export function sampleObject(name: string, size: number): { bytes: Uint8Array; revisionOffset: number } {
  const start = `{"metadata":{"name":"${name}","resourceVersion":"`;
  const bytes = Buffer.from(`${start}"},"data":"${'x'.repeat(size)}"}`);
  return { bytes, revisionOffset: start.length };
}
