// IANA time zones, from the data that the runtime has.

/** Whether a name is a time zone with rules of its own: `Europe/Berlin`, `UTC`; not `Local`, not an offset. */
export function isTimeZone(name: string): boolean {
  if (name === 'UTC') return true;
  if (!/^[A-Za-z]/.test(name) || name.toLowerCase() === 'local') return false;
  try {
    formatterOf(name);
    return true;
  } catch {
    return false; // a RangeError: no such zone
  }
}

/** What a zone's clocks are ahead of UTC at a time, in milliseconds. The zone must be one. */
export function timeZoneOffset(name: string, time: number): number {
  if (name === 'UTC') return 0;
  const fields: Record<string, number> = {};
  for (const { type, value } of formatterOf(name).formatToParts(time)) fields[type] = Number(value);
  const { year, month, day, hour, minute, second } = fields as Record<string, number | undefined>; // as the formatter is made
  const wall = Date.UTC(year!, month! - 1, day!, hour!, minute!, second!);
  return wall - Math.floor(time / 1000) * 1000;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}
