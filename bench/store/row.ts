// A line of the benchmark's table.

export interface Row {
  readonly what: string;
  readonly value: string;
  readonly goal: string;
}
