// A list that an expression makes.

import { ListValue, type Value } from './values.ts';

export class PlainList extends ListValue {
  private readonly values: readonly Value[];
  constructor(values: readonly Value[]) {
    super();
    this.values = values;
  }
  get size(): number {
    return this.values.length;
  }
  at(index: number): Value {
    return this.values[index] as Value; // within the size
  }
  override get items(): readonly Value[] {
    return this.values;
  }
}
