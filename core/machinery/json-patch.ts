// JSON Patch (RFC 6902). Changes copies of what lies along the paths that it changes; the document is never touched. What was copied
// once is changed in place from then on: ten thousand operations on one map copy it once.

import { isWithinDepth, maxDepth } from './depth.ts';
import { deepClone, deepEqual } from './equality.ts';
import { arrayIndex, childOf, parsePointer } from './json-pointer.ts';
import { setOwn } from './own.ts';
import { badRequest, StatusError } from './status.ts';
import { atOnce, type Steps } from './steps.ts';

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

/** As in Kubernetes: more would let a small request cost much. */
const maxOperations = 10_000;
/** Copies may double a document again and again; Kubernetes bounds what they add to the size of a request body. */
const maxCopiedBytes = 3 * 1024 * 1024;

/**
 * The document after the patch. Fails with BadRequest when the patch is no list of objects, with RequestEntityTooLarge beyond 10,000
 * operations, with Invalid when it does not fit the document or a test fails.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  return atOnce(applyingJsonPatch(document, patch));
}

/** Operations of one step: an insert moves all items behind it. */
const opsAtOnce = 200;

/** As `applyJsonPatch`, in steps. */
export function* applyingJsonPatch(document: unknown, patch: unknown): Steps<unknown> {
  const operations = decodeJsonPatch(patch);
  yield;
  let result = document;
  let copied = 0;
  const own: Own = new Set();
  for (const [index, operation] of operations.entries()) {
    if (index % opsAtOnce === opsAtOnce - 1) yield;
    if (operation.op === 'copy') copied += JSON.stringify(read(result, operation.from, index, 'copy')).length;
    if (copied > maxCopiedBytes) {
      throw failure(index, `copies add more than ${maxCopiedBytes} bytes: send the values in smaller requests`);
    }
    result = applyOperation(result, operation, index, own);
  }
  yield;
  // Each operation may nest what it adds as deep as a body may be.
  if (!isWithinDepth(result))
    throw failure(operations.length - 1, `the patched object is nested deeper than ${maxDepth} levels`);
  return result;
}

/** The operations of a parsed patch body. Fails with BadRequest or RequestEntityTooLarge. */
function decodeJsonPatch(patch: unknown): readonly JsonPatchOperation[] {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations: send an array');
  if (patch.length > maxOperations) {
    throw new StatusError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.length}`,
    );
  }
  return patch.map(decodeOperation);
}

function decodeOperation(input: unknown, index: number): JsonPatchOperation {
  if (typeof input !== 'object' || input === null) throw badRequest(`JSON patch operation ${index} is no object`);
  const path = childOf(input, 'path');
  const op = childOf(input, 'op');
  if (typeof path !== 'string' || !parsePointer(path))
    throw failure(index, 'path must be a JSON pointer such as /metadata/labels');
  switch (op) {
    case 'remove':
      return { op, path };
    case 'add':
    case 'replace':
    case 'test':
      // Without a value it is null.
      return { op, path, value: childOf(input, 'value') ?? null };
    case 'move':
    case 'copy': {
      const from = childOf(input, 'from');
      if (typeof from !== 'string' || !parsePointer(from)) throw failure(index, `${op} needs from, a JSON pointer`);
      return { op, path, from };
    }
    default:
      throw failure(index, `unexpected op ${JSON.stringify(op)}: use add, remove, replace, move, copy or test`);
  }
}

/** The maps and lists that are this patch's alone. */
type Own = Set<unknown>;

function applyOperation(document: unknown, operation: JsonPatchOperation, index: number, own: Own): unknown {
  const { op, path } = operation;
  const tokens = tokensOf(path);
  switch (op) {
    case 'add':
      return change(document, tokens, { index, op, path, own, edit: insert(operation.value) });
    case 'replace':
      return change(document, tokens, { index, op, path, own, edit: replace(operation.value) });
    case 'remove':
      return change(document, tokens, { index, op, path, own, edit: remove });
    case 'copy':
      // What stands in two places must not change in both.
      return change(document, tokens, {
        ...{ index, op, path, own },
        edit: insert(deepClone(read(document, operation.from, index, op))),
      });
    case 'move': {
      const { from } = operation;
      const value = read(document, from, index, op);
      if (from === path) return document;
      if (path.startsWith(`${from}/`)) throw failure(index, `move of ${from} into itself`);
      const without = change(document, tokensOf(from), { index, op, path: from, own, edit: remove });
      return change(without, tokens, { index, op, path, own, edit: insert(value) });
    }
    case 'test':
      if (!deepEqual(read(document, path, index, op, true) ?? null, operation.value)) {
        throw failedTest(index, path);
      }
      return document;
  }
}

type Parent = unknown[] | Record<string, unknown>;

/** What is done at the last token, to a parent that may be changed. False when the token names nothing there. */
type Edit = (parent: Parent, token: string) => boolean;

interface Change {
  readonly index: number;
  readonly op: string;
  readonly path: string;
  readonly own: Own;
  readonly edit: Edit;
}

function change(document: unknown, tokens: readonly string[], step: Change): unknown {
  // The whole document is the only child of an imagined list, so that one rule serves all paths.
  const root: unknown[] = [document];
  const last = tokens.at(-1);
  if (last === undefined) {
    // A document is replaced where the RFC says that it is added.
    if (!step.edit(root, '0')) throw missing(step);
    return root[0] ?? null; // to remove the document leaves null
  }
  let parent: Parent = root;
  let at = '0';
  for (const token of tokens) {
    parent = ownChild(parent, at, step);
    at = token;
  }
  if (!step.edit(parent, last)) throw missing(step);
  return root[0];
}

/** The child as one that may be changed: itself, or a copy in its place. */
function ownChild(parent: Parent, token: string, step: Change): Parent {
  const child = childOf(parent, token);
  if (typeof child !== 'object' || child === null) throw missing(step);
  // as: a value of JSON that is neither a scalar nor null.
  if (step.own.has(child)) return child as Parent;
  const copy: Parent = Array.isArray(child) ? [...child] : { ...(child as Record<string, unknown>) };
  step.own.add(copy);
  put(parent, token, copy);
  return copy;
}

/** In the place of a child that is there. */
function put(parent: Parent, token: string, value: unknown): void {
  if (Array.isArray(parent)) parent[Number(token)] = value;
  else setOwn(parent, token, value);
}

function insert(value: unknown): Edit {
  return (parent, token) => {
    if (!Array.isArray(parent)) {
      setOwn(parent, token, value);
      return true;
    }
    const at = token === '-' ? parent.length : arrayIndex(token);
    if (at === undefined || at > parent.length) return false;
    parent.splice(at, 0, value);
    return true;
  };
}

function replace(value: unknown): Edit {
  return (parent, token) => {
    if (childOf(parent, token) === undefined) return false;
    put(parent, token, value);
    return true;
  };
}

const remove: Edit = (parent, token) => {
  if (childOf(parent, token) === undefined) return false;
  if (Array.isArray(parent)) parent.splice(Number(token), 1);
  else delete parent[token];
  return true;
};

function read(document: unknown, path: string, index: number, op: string, orMissing = false): unknown {
  const tokens = tokensOf(path);
  let value = document;
  tokens.forEach((token, depth) => {
    const next = childOf(value, token);
    // A test may ask whether the last field is absent.
    const absentIsFine = orMissing && depth === tokens.length - 1 && !Array.isArray(value);
    if (next === undefined && !(absentIsFine && typeof value === 'object')) {
      throw failure(
        index,
        `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
      );
    }
    value = next;
  });
  return value;
}

function tokensOf(path: string): string[] {
  return parsePointer(path)!; // decodeOperation has checked it
}

function missing({ index, op, path }: Change): StatusError {
  return failure(index, `${op} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`);
}

const failedTests = new WeakSet<object>();

function failedTest(index: number, path: string): StatusError {
  const error = failure(index, `testing value ${path} failed: test failed`);
  failedTests.add(error);
  return error;
}

/** Whether a patch did not fit because of one of its tests. */
export function isFailedTest(error: object): boolean {
  return failedTests.has(error);
}

const reasons = new WeakMap<object, string>();

/** Why a patch does not fit, which Kubernetes tells nobody who sent one. */
export function patchProblem(error: Error): string {
  return reasons.get(error) ?? error.message;
}

function failure(index: number, why: string): StatusError {
  const error = new StatusError('Invalid', 'the server rejected our request due to an error in our request', {});
  reasons.set(error, `operation ${index}: ${why}`);
  return error;
}
