// How long what is tried by chance goes on: ZEROPLANE_FUZZ times as long as in CI.

export function fuzzRuns(usual: number): number {
  return usual * Number(process.env['ZEROPLANE_FUZZ'] ?? 1);
}
