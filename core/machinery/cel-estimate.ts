// What an expression may cost at most on an object that its schema allows, before any object is there. Sizes come from maxLength,
// maxItems and maxProperties; where they are absent, from what fits into a request.
// Source: KEP-2876, "Resource constraints"; the units are those of cel-meter.ts.

import type { ASTNode } from '@marcbachmann/cel-js';
import { loopVariables, nodesIn, operandsOf, roundCost, traversal, traversingCalls } from './cel-meter.ts';
import { celName } from './cel-name.ts';
import { getOwn } from './own.ts';
import type { Schema } from './schema.ts';

/** Bytes of a request: what has no bound is no larger. */
const requestBytes = 3 * 1024 * 1024;

/** The largest cost that `ast` may have where its variables are values of these schemas. */
export function estimateCost(ast: ASTNode, variables: Readonly<Record<string, Schema>>): number {
  const scope = new Map(Object.entries(variables).map(([name, schema]) => [name, sizedValue(schema)]));
  return estimate(ast, scope).cost;
}

/** How many values of a schema fit into a request: how often a rule may run that stands below an unbounded list. */
export function mostInRequest(schema: Schema): number {
  return Math.floor(requestBytes / (smallest(schema) + 1));
}

interface Value {
  /** Characters of a text, elements of a list or a map; 1 for others. */
  readonly size: number;
  /** undefined where nothing is known about what is in it. */
  readonly schema?: Schema;
}

interface Estimate extends Value {
  readonly cost: number;
}

type Scope = ReadonlyMap<string, Value>;

function estimate(node: ASTNode, scope: Scope): Estimate {
  switch (node.op) {
    case 'value':
      return { cost: 0, size: typeof node.args === 'string' ? node.args.length : 1 };
    case 'id':
      return { cost: 1, ...(scope.get(node.args) ?? { size: 1 }) };
    case '.':
    case '.?':
    case '[]':
    case '[?]':
      return access(node, scope);
    case 'rcall':
      return loopVariables(node.args[0], node.args[2].length) > 0 ? loop(node, scope) : call(node, scope);
    case 'call':
      return call(node, scope);
    case '?:': {
      const [condition, left, right] = nodesIn(node.args).map((each) => estimate(each, scope));
      const larger = (left?.size ?? 1) > (right?.size ?? 1) ? left : right;
      return {
        cost: (condition?.cost ?? 0) + Math.max(left?.cost ?? 0, right?.cost ?? 0),
        size: larger?.size ?? 1,
        ...(larger?.schema && { schema: larger.schema }),
      };
    }
    default:
      return operation(node, scope);
  }
}

function access(node: ASTNode, scope: Scope): Estimate {
  const [left, right] = node.args as readonly [ASTNode, ASTNode | string]; // the operators that have two parts
  const of = estimate(left, scope);
  const index = typeof right === 'string' ? 0 : estimate(right, scope).cost;
  const cost = of.cost + index + 1;
  const name = typeof right === 'string' ? right : right.op === 'value' ? right.args : undefined;
  const schema = of.schema && partOf(of.schema, name);
  return schema ? { cost, ...sizedValue(schema) } : { cost, size: of.schema ? 1 : requestBytes };
}

/** Field names are told as expressions write them. */
function partOf({ properties, additionalProperties, items }: Schema, name: unknown): Schema | undefined {
  if (items) return items;
  if (properties && typeof name === 'string') {
    const own = Object.entries(properties).find(([property]) => property === name || celName(property) === name);
    if (own) return own[1];
  }
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

function loop(node: ASTNode, scope: Scope): Estimate {
  const { args } = node as Extract<ASTNode, { op: 'rcall' }>;
  const [name, receiver, parts] = args;
  const range = estimate(receiver, scope);
  const variables = loopVariables(name, parts.length);
  const [first = '', second = ''] = parts.map((each) => (each.op === 'id' ? each.args : ''));
  const within = new Map(scope);
  if (variables === 1) within.set(first, elementOf(range));
  else within.set(first, keyOf(range)).set(second, mappedTo(range));
  const bodies = parts.slice(variables).map((each) => estimate(each, within));
  const gathers = name === 'map' || name === 'filter' || name.startsWith('transform');
  // What is gathered is a list of one that is joined to the others.
  const round = bodies.reduce((sum, each) => sum + each.cost, roundCost + (gathers ? 11 : 0));
  const cost = range.cost + (gathers ? 30 : 0) + range.size * round + 1;
  if (!gathers) return { cost, size: 1 };
  const item = name === 'filter' ? range.schema && elementSchema(range.schema) : bodies.at(-1)?.schema;
  const schema = item && schemaOfGathered(name, item);
  return { cost, size: range.size, ...(schema && { schema }) };
}

function schemaOfGathered(name: string, item: Schema): Schema {
  if (name === 'transformMapEntry') return item;
  if (name === 'transformMap') return { type: 'object', additionalProperties: item };
  return { type: 'array', items: item };
}

/** The first of two variables: the index of a list, the key of a map. */
function keyOf(range: Value): Value {
  return range.schema?.items ? { size: 1 } : elementOf(range);
}

/** The second of two variables. */
function mappedTo({ schema }: Value): Value {
  const additional = schema?.additionalProperties;
  const value = schema?.items ?? (typeof additional === 'object' ? additional : undefined);
  return value ? sizedValue(value) : { size: requestBytes };
}

/** What a loop goes over: the items of a list, the keys of a map. */
function elementOf({ size, schema }: Value): Value {
  if (!schema) return { size: requestBytes };
  const element = elementSchema(schema);
  return element ? sizedValue(element) : { size: Math.max(1, Math.floor(requestBytes / Math.max(1, size))) };
}

function elementSchema({ items }: Schema): Schema | undefined {
  return items;
}

function call(node: Extract<ASTNode, { op: 'call' | 'rcall' }>, scope: Scope): Estimate {
  const [name] = node.args;
  if (name === 'has')
    return { cost: operandsOf(node).reduce((sum, each) => sum + estimate(each.node, scope).cost, 0), size: 1 };
  const parts = operandsOf(node).map((each) => estimate(each.node, scope));
  const sum = parts.reduce((total, each) => total + each.cost, 1);
  const [first = { size: 1 }, second = { size: 1 }] = parts;
  if (name === 'contains' || name === 'matches' || name === 'matchesLinear')
    return { cost: sum + Math.ceil((1 + first.size) * traversal * Math.max(1, second.size * 0.25)), size: 1 };
  const size = resultSize(name, first.size, second.size);
  return { cost: traversingCalls.has(name) ? sum + Math.ceil((first.size + size) * traversal) : sum, size };
}

/** Of the functions that give texts and lists; the others give one thing. */
function resultSize(name: string, first: number, second: number): number {
  if (
    ['lowerAsciiOnly', 'upperAsciiOnly', 'trim', 'substring', 'reverse', 'find', 'findAll', 'split', 'string'].includes(
      name,
    )
  )
    return first;
  if (name === 'replace' || name === 'join' || name === 'format')
    return Math.min(requestBytes, first * Math.max(1, second));
  return 1;
}

function operation(node: ASTNode, scope: Scope): Estimate {
  const parts = nodesIn(node.args).map((each) => estimate(each, scope));
  const sum = parts.reduce((total, each) => total + each.cost, 0);
  const [first = { size: 1 }, second = { size: 1 }] = parts;
  switch (node.op) {
    case '||':
    case '&&':
      return { cost: sum, size: 1 };
    case 'list':
      return { cost: sum + 10, size: parts.length };
    case 'map':
      return { cost: sum + 30, size: Math.ceil(parts.length / 2) };
    case 'in':
      return { cost: sum + second.size, size: 1 };
    case '+': {
      const size = Math.min(requestBytes, first.size + second.size);
      const schema = parts[0]?.schema;
      return { cost: sum + 1 + Math.ceil(size * traversal), size, ...(schema && { schema }) };
    }
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return { cost: sum + Math.max(1, Math.ceil(Math.min(first.size, second.size) * traversal)), size: 1 };
    default:
      return { cost: sum + 1, size: 1 };
  }
}

function sizedValue(schema: Schema): Value {
  return { size: largest(schema), schema };
}

/** The most characters or elements that a value may have. */
function largest(schema: Schema): number {
  if (schema['x-kubernetes-int-or-string']) return requestBytes - 2;
  switch (schema.type) {
    case 'string':
      if (schema.enum) return Math.max(0, ...schema.enum.map((each) => String(each).length));
      // A character may take four bytes.
      if (schema.maxLength !== undefined) return schema.maxLength * 4;
      return getOwn(fixedTexts, schema.format ?? '') ?? requestBytes - 2;
    case 'array':
      return schema.maxItems ?? Math.floor((requestBytes - 2) / (smallest(schema.items ?? {}) + 1));
    case 'object': {
      const { additionalProperties, maxProperties } = schema;
      if (typeof additionalProperties !== 'object') return 1;
      // `"":` and a comma around each value.
      return maxProperties ?? Math.floor((requestBytes - 2) / (smallest(additionalProperties) + 6));
    }
    default:
      return schema.type === undefined ? requestBytes : 1;
  }
}

/** Texts whose format bounds them. */
const fixedTexts: Readonly<Record<string, number>> = { date: 12, 'date-time': 22, duration: 32 };

/** The bytes that the smallest value takes in JSON. */
function smallest(schema: Schema): number {
  if (schema['x-kubernetes-int-or-string']) return 1;
  switch (schema.type) {
    case 'string':
      return 2 + (schema.minLength ?? 0);
    case 'boolean':
      return 4;
    case 'array':
      return 2 + (schema.minItems ?? 0);
    case 'object': {
      const needed = (schema.required ?? []).map((name) => {
        const property = getOwn(schema.properties, name);
        // A property with a default need not be sent.
        return property && property.default === undefined ? name.length + 4 + smallest(property) : 0;
      });
      return 2 + needed.reduce((sum, each) => sum + each, 0);
    }
    default:
      return 1;
  }
}
