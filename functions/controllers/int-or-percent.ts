// A number, or a percentage of a total (IntOrString as workloads use it).

/** `round` says which way a percentage goes; the API server has refused anything else than numbers and percentages. */
export function scaledValue(value: number | string | undefined, total: number, round: 'up' | 'down'): number {
  if (value === undefined) return 0;
  if (typeof value === 'number') return value;
  if (!value.endsWith('%')) return Number(value) || 0;
  const share = (Number(value.slice(0, -1)) * total) / 100;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}
