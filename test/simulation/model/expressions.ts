// DynamoDB's expressions, as far as the engine uses them: conditions, key conditions and updates, parsed once each.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { compareNames } from '../../../core/store/name-order.ts';

export type ModelItem = Record<string, AttributeValue>;
type Values = Readonly<Record<string, AttributeValue>>;
type Test = (item: ModelItem | undefined, values: Values) => boolean;
type Operand = (item: ModelItem | undefined, values: Values) => AttributeValue | undefined;
export type Update = (item: ModelItem, values: Values) => void;

const tests = new Map<string, Test>();
const updates = new Map<string, Update>();

/** Whether a condition holds for an item (undefined: there is none). */
export function holds(expression: string | undefined, item: ModelItem | undefined, values: Values = {}): boolean {
  if (expression === undefined) return true;
  let test = tests.get(expression);
  if (!test) {
    test = new Parser(expression).whole((parser) => parser.disjunction());
    tests.set(expression, test);
  }
  return test(item, values);
}

/** Changes an item in place. */
export function applyUpdate(expression: string, item: ModelItem, values: Values = {}): void {
  let update = updates.get(expression);
  if (!update) {
    update = new Parser(expression).whole((parser) => parser.update());
    updates.set(expression, update);
  }
  update(item, values);
}

class Parser {
  readonly #tokens: string[];
  #next = 0;

  constructor(expression: string) {
    this.#tokens = expression.match(/<=|>=|<>|[<>=(),]|[:#]?\w+/g) ?? [];
    if (this.#tokens.join('') !== expression.replaceAll(/\s/g, ''))
      throw new SyntaxError(`the model does not read: ${expression}`);
  }

  whole<T>(parse: (parser: Parser) => T): T {
    const parsed = parse(this);
    if (this.#next < this.#tokens.length) throw new SyntaxError(`the model does not read: ${this.#tokens.join(' ')}`);
    return parsed;
  }

  disjunction(): Test {
    const left = this.#conjunction();
    if (!this.#take('OR')) return left;
    const right = this.disjunction();
    return (item, values) => left(item, values) || right(item, values);
  }

  #conjunction(): Test {
    const left = this.#term();
    if (!this.#take('AND')) return left;
    const right = this.#conjunction();
    return (item, values) => left(item, values) && right(item, values);
  }

  #term(): Test {
    if (this.#take('(')) {
      const inner = this.disjunction();
      this.#expect(')');
      return inner;
    }
    if (this.#take('attribute_exists')) return this.#exists(true);
    if (this.#take('attribute_not_exists')) return this.#exists(false);
    if (this.#take('begins_with')) {
      this.#expect('(');
      const [left, right] = this.#pair(',');
      this.#expect(')');
      return (item, values) => {
        const prefix = right(item, values)?.S;
        return prefix !== undefined && (left(item, values)?.S?.startsWith(prefix) ?? false);
      };
    }
    const left = this.#operand();
    if (this.#take('BETWEEN')) {
      const [low, high] = this.#pair('AND');
      return (item, values) => {
        const value = left(item, values);
        return compare(value, low(item, values)) >= 0 && compare(value, high(item, values)) <= 0;
      };
    }
    const operator = comparisons.get(this.#tokens[this.#next++] ?? '');
    if (!operator) throw new SyntaxError(`the model does not read: ${this.#tokens.join(' ')}`);
    const right = this.#operand();
    return (item, values) => operator(compare(left(item, values), right(item, values)));
  }

  update(): Update {
    const steps: Update[] = [];
    while (this.#next < this.#tokens.length) {
      if (this.#take('SET')) steps.push(...this.#list(() => this.#assignment()));
      else if (this.#take('ADD')) steps.push(...this.#list(() => this.#addition()));
      else if (this.#take('REMOVE')) steps.push(...this.#list(() => this.#removal()));
      else throw new SyntaxError(`the model does not read: ${this.#tokens.join(' ')}`);
    }
    return (item, values) => {
      for (const step of steps) step(item, values);
    };
  }

  #list(parse: () => Update): Update[] {
    const steps = [parse()];
    while (this.#take(',')) steps.push(parse());
    return steps;
  }

  #assignment(): Update {
    const name = this.#word();
    this.#expect('=');
    let source: Operand;
    if (this.#take('if_not_exists')) {
      this.#expect('(');
      const [known, otherwise] = this.#pair(',');
      this.#expect(')');
      source = (item, values) => known(item, values) ?? otherwise(item, values);
    } else source = this.#operand();
    return (item, values) => {
      const value = source(item, values);
      if (value) item[name] = value;
    };
  }

  #addition(): Update {
    const name = this.#word();
    const amount = this.#operand();
    return (item, values) => {
      item[name] = { N: String(Number(item[name]?.N ?? 0) + Number(amount(item, values)?.N)) };
    };
  }

  #removal(): Update {
    const name = this.#word();
    return (item) => {
      delete item[name];
    };
  }

  #exists(wanted: boolean): Test {
    this.#expect('(');
    const name = this.#word();
    this.#expect(')');
    return (item) => (item?.[name] !== undefined) === wanted;
  }

  #operand(): Operand {
    const word = this.#word();
    return word.startsWith(':') ? (_item, values) => values[word] : (item) => item?.[word];
  }

  #pair(separator: string): [Operand, Operand] {
    const first = this.#operand();
    this.#expect(separator);
    return [first, this.#operand()];
  }

  #word(): string {
    const word = this.#tokens[this.#next++];
    if (word === undefined || !/^:?\w+$/.test(word))
      throw new SyntaxError(`the model does not read: ${this.#tokens.join(' ')}`);
    return word;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new SyntaxError(`the model does not read: ${this.#tokens.join(' ')}`);
  }
}

const comparisons = new Map<string, (order: number) => boolean>([
  ['=', (order) => order === 0],
  ['<>', (order) => order !== 0],
  ['<', (order) => order < 0],
  ['<=', (order) => order <= 0],
  ['>', (order) => order > 0],
  ['>=', (order) => order >= 0],
]);

/** NaN, which no comparison but `<>` accepts, for a missing value or values of different types. */
function compare(a: AttributeValue | undefined, b: AttributeValue | undefined): number {
  if (a?.N !== undefined && b?.N !== undefined) return Number(a.N) - Number(b.N);
  if (a?.S !== undefined && b?.S !== undefined) return compareNames(a.S, b.S);
  if (a?.BOOL !== undefined && b?.BOOL !== undefined) return a.BOOL === b.BOOL ? 0 : Number.NaN;
  return Number.NaN;
}
