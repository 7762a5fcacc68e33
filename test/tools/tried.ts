// What a test tried, in numbers: `npm run test:security` adds them up and prints them. Elsewhere it writes nothing.

import { appendFileSync } from 'node:fs';

/** Where counts go, one JSON object a line. */
export const triedFile = 'ZEROPLANE_TRIED';

/** Counts `times` attempts of a kind, such as "cells of the access matrix" or "frames of a hostile client". */
export function tried(kind: string, times = 1): void {
  const file = process.env[triedFile];
  if (file) appendFileSync(file, `${JSON.stringify({ kind, times })}\n`);
}
