import fc from 'fast-check';
import { expect, it } from 'vitest';
import { logCursor } from './log-cursor.ts';

const start = 1_900_000_000_000_000_000n;

interface Written {
  readonly at: bigint;
  readonly text: string;
}

/** A log as a node sends it: what is not older than `since`, in the order of its file. */
function sent(log: readonly Written[], since: string | undefined): Buffer {
  const from =
    since === undefined ? 0n : BigInt(Date.parse(`${since.slice(0, 19)}Z`)) * 1_000_000n + BigInt(since.slice(20, 29));
  const lines = log.filter(({ at }) => at >= from).map(({ at, text }) => `${timeOf(at)} ${text}\n`);
  return Buffer.from(lines.join(''));
}

function timeOf(at: bigint): string {
  const seconds = new Date(Number(at / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(at % 1_000_000_000n).padStart(9, '0')}Z`;
}

// Steps between lines in nanoseconds; a step back is standard error that was read a little later.
const log = fc
  .array(
    fc.record({ step: fc.integer({ min: -400_000_000, max: 2_000_000_000 }), text: fc.constantFrom('a', 'b', '') }),
  )
  .map((steps) => {
    let at = start;
    return steps.map(({ step, text }, index): Written => {
      at += BigInt(step < 0 ? 0 : step);
      return { at: at + BigInt(step < 0 ? step : 0), text: `${text}${index % 3}` };
    });
  });

it('gives every line once and in order, however often the connection is lost, and wherever', () => {
  fc.assert(
    fc.property(log, fc.array(fc.nat()), (lines, cuts) => {
      const cursor = logCursor();
      const texts: string[] = [];
      for (const cut of [...cuts, undefined]) {
        const bytes = sent(lines, cursor.since());
        cursor.restart();
        const end = cut === undefined ? bytes.length : cut % (bytes.length + 1);
        for (let from = 0; from < end; from += 7)
          for (const line of cursor.push(bytes.subarray(from, Math.min(from + 7, end)))) texts.push(line.text);
      }
      expect(texts).toEqual(lines.map(({ text }) => text));
    }),
  );
});

it('tells lines of one time apart by their number', () => {
  const cursor = logCursor();
  const [time, line] = ['2030-01-01T00:00:00.5Z', (text: string) => `2030-01-01T00:00:00.5Z ${text}\n`];
  expect(cursor.push(Buffer.from(line('same') + line('same')))).toEqual([
    { time, text: 'same' },
    { time, text: 'same' },
  ]);
  cursor.restart();
  expect(cursor.push(Buffer.from(line('same') + line('same') + line('same')))).toEqual([{ time, text: 'same' }]);
});
