// Map literals of an expression. The library makes objects of them, in which every key is a text: `{1: 'a'}[1]` would find its value and
// `1 in {1: 'a'}` would not, and a loop over the keys would see '1'. These keep the keys. Source: CEL specification, "Map equality and
// look-up": numbers are the same key whatever their type.

import type { ASTNode } from '@marcbachmann/cel-js';

/** What the library runs a node with. */
interface Evaluator {
  run(node: ASTNode, scope: unknown): unknown;
}

/** Has a map literal that is not checked yet keep its keys. */
export function keepKeys(node: Extract<ASTNode, { op: 'map' }>): void {
  const evaluate = (evaluator: Evaluator, _: unknown, scope: unknown) =>
    mapOf(node.args.map(([key, value]) => [evaluator.run(key, scope), evaluator.run(value, scope)]));
  (node as unknown as { setMeta(key: string, value: unknown): void }).setMeta('evaluate', evaluate); // as it is for empty literals
}

/** The library tells maps by their constructor, so that this is no class of its own. */
function mapOf(entries: readonly (readonly [unknown, unknown])[]): Map<unknown, unknown> {
  const map = new Map(entries);
  if (entries.every(([key]) => typeof key === 'string')) return map;
  const keys = new Map(entries.map(([key]) => [plain(key), key]));
  const get = Map.prototype.get.bind(map);
  return Object.defineProperties(map, {
    get: { value: (key: unknown) => get(keys.get(plain(key))) },
    has: { value: (key: unknown) => keys.has(plain(key)) },
  });
}

/** One value for all numbers that are equal. */
function plain(key: unknown): unknown {
  // The library does not let its class of unsigned numbers out.
  if (typeof key === 'object' && key !== null && typeof key.valueOf() === 'bigint') return key.valueOf();
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : key;
}
