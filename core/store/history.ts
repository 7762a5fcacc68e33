// How long the log is kept for those who ask about the past (docs/history.md).

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** As long as the table keeps entries that nobody asks for; and yesterday's mistake is found today. */
export const defaultHistoryMs = dayMs;

/** Of a table: what is not in the log any more is older than this, whatever the option says now and said before. */
export const leastTableHistoryMs = dayMs;

/** Longer than a client needs to resume a watch or to page through a list. */
export const leastHistoryMs = 10 * minuteMs;

const units: ReadonlyMap<string, number> = new Map([
  ['m', minuteMs],
  ['h', hourMs],
  ['d', dayMs],
]);

/** `7d`, `36h` or `90m` in milliseconds; undefined for anything else, and for more than ten years. */
export function readHistory(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,6})([mhd])$/.exec(text) ?? [];
  const value = Number(count) * (units.get(unit) ?? 0);
  return value > 0 && value <= 3650 * dayMs ? value : undefined;
}
