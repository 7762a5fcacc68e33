// A line of what is printed.

export interface Row {
  readonly what: string;
  readonly figure: number;
  readonly unit: string;
  readonly goal: string;
}
