// What `zeroplane history`, `get`, `diff` and `undo` do: the past as the cluster tells it, told to people or to programs.

import { createInterface } from 'node:readline/promises';
import { ApiError } from '../../agent/api-client/api-client.ts';
import { UserError } from '../../local/user-error.ts';
import { type ClusterConnection, connectCluster } from '../run/cluster-connection.ts';
import { type SignInOptions, signInWith } from '../run/sign-in.ts';
import { type FieldChange, fieldChanges } from './field-changes.ts';
import { type Change, type ObjectPath, readChanges, readPresent, readState, type State } from './past-api.ts';
import { changeLines, differenceLines, type Style } from './print-changes.ts';
import { findResource, pathOf } from './resources.ts';
import { recreated, undo, undoable } from './undo.ts';

export interface PastOptions {
  readonly signIn: SignInOptions;
  /** undefined: the kubeconfig's. */
  readonly namespace: string | undefined;
  readonly kind: string;
  /** undefined: all of the kind, where a command can. */
  readonly name: string | undefined;
  readonly output: 'text' | 'json' | 'yaml';
}

export async function history(options: PastOptions & { readonly limit: number }): Promise<void> {
  await withCluster(options, async (cluster) => {
    const object = await objectOf(cluster, options);
    // One more than is shown: what it was before the last of them.
    const { items, complete, more } = await readChanges(cluster, object, options.limit + 1);
    const shown = items.slice(0, options.limit);
    if (options.output === 'json')
      return print(JSON.stringify({ complete: complete && shown.length === items.length, items: shown }, null, 2));
    const style = styleOf(object);
    for (const [at, change] of shown.entries())
      for (const line of changeLines(change, items[at + 1], style)) print(line);
    if (more || items.length > shown.length) print(`(older changes: --limit ${options.limit * 5})`);
    else if (!complete) print('(older changes are no longer in the log)');
  });
}

/** What was there at a moment. */
export async function getPast(
  options: PastOptions & { readonly at: string; readonly managedFields: boolean },
): Promise<void> {
  await withCluster(options, async (cluster) => {
    const type = await findResource(cluster, options.kind);
    const namespace = options.namespace ?? cluster.namespace;
    const found = await readState(cluster, type, namespace, options.name, options.at);
    const state = options.managedFields ? found : withoutManagedFields(found);
    if (options.output === 'json') return print(JSON.stringify(state, null, 2));
    const { stringify } = await import('yaml');
    process.stdout.write(stringify(state));
  });
}

/** Of an object, or of each of a list: kubectl leaves them out as well. */
function withoutManagedFields(state: State): State {
  const { items, metadata } = state;
  const { managedFields: _, ...others } = metadata ?? {};
  return {
    ...state,
    ...(items && { items: items.map(withoutManagedFields) }),
    ...(metadata && { metadata: others }),
  };
}

/** `to` undefined: now. */
export async function diff(
  options: PastOptions & { readonly at: string; readonly to: string | undefined },
): Promise<void> {
  await withCluster(options, async (cluster) => {
    const object = await objectOf(cluster, options);
    const { type, namespace, name } = object;
    const before = await readState(cluster, type, namespace, name, options.at);
    const after =
      options.to === undefined
        ? await readPresent(cluster, object)
        : await readState(cluster, type, namespace, name, options.to);
    const changes = fieldChanges(before, after ?? {});
    if (options.output === 'json') return print(JSON.stringify(changes, null, 2));
    for (const line of differenceLines(changes, styleOf(object))) print(line);
  });
}

export async function undoChange(
  options: PastOptions & { readonly revision: string | undefined; readonly yes: boolean; readonly dryRun: boolean },
): Promise<void> {
  await withCluster(options, async (cluster) => {
    const object = await objectOf(cluster, options);
    const isIt = (change: Change, before: Change | undefined) =>
      options.revision === undefined
        ? change.operation !== 'update' || before === undefined || undoable(before.object, change.object).length > 0
        : change.revision === options.revision;
    const find = (items: readonly Change[]) => items.findIndex((each, at) => isIt(each, items[at + 1]));
    // The one before it, too.
    const { items } = await readChanges(cluster, object, 2000, (read) => {
      const at = find(read);
      return at >= 0 && at + 1 < read.length;
    });
    const at = find(items);
    const change = items[at];
    if (!change)
      throw new UserError(
        options.revision === undefined
          ? 'nothing to undo: the log knows of no change'
          : `revision ${options.revision} is no change of it that the log still has: \`zeroplane history ${options.kind}/${options.name}\` lists them`,
      );
    const step = await stepOf(cluster, object, change, items[at + 1]);
    const json = options.output === 'json';
    const tell = (done: boolean, changes: readonly FieldChange[]) =>
      print(JSON.stringify({ revision: change.revision, done, changes }, null, 2));
    if (step === undefined) {
      if (json) return tell(false, []);
      return print(`nothing to undo: it is as it was before revision ${change.revision}`);
    }
    const dry = await step.send(true);
    const style = styleOf(object);
    const changes = fieldChanges(step.present ?? {}, dry);
    if (!json) {
      print(`undo of revision ${change.revision} (${change.operation} by ${change.by?.user ?? 'an unknown user'}):`);
      for (const line of differenceLines(changes, style)) print(line);
    }
    if (options.dryRun) return json ? tell(false, changes) : undefined;
    if (!options.yes && !(await confirmed())) throw new UserError('nothing was changed');
    await step.send(false);
    if (json) tell(true, changes);
    else print(step.present === undefined ? 'created again' : 'undone');
  });
}

interface Undo {
  /** undefined: it was deleted. */
  readonly present: unknown;
  send(dryRun: boolean): Promise<unknown>;
}

async function stepOf(
  cluster: ClusterConnection,
  object: ObjectPath,
  change: Change,
  before: Change | undefined,
): Promise<Undo | undefined> {
  const { type, namespace, name } = object;
  const what = `${type.resource}/${name}`;
  const query = (dryRun: boolean) => `?fieldManager=zeroplane-undo${dryRun ? '&dryRun=All' : ''}`;
  const present = await readPresent(cluster, object);
  if (change.operation === 'delete') {
    if (present !== undefined) throw new UserError(`${what} is there again: there is nothing to bring back`);
    const body = recreated(change.object);
    return { present, send: (dryRun) => cluster.json('POST', `${pathOf(type, namespace)}${query(dryRun)}`, { body }) };
  }
  if (change.operation === 'create')
    throw new UserError(`revision ${change.revision} created ${what}: to take that back, \`kubectl delete ${what}\``);
  if (!before)
    throw new UserError(
      `what ${what} was before revision ${change.revision} is no longer in the log: undo a later change`,
    );
  if (present === undefined) throw new UserError(`${what} was deleted: undo that first, without --revision`);
  const undoing = undo(before.object, change.object, present);
  if (undoing.kind === 'nothing') return undefined;
  if (undoing.kind === 'conflict')
    throw new UserError(
      `later changes touch the same: ${undoing.fields.join(', ')}. Undo those first, or edit them: \`kubectl edit ${what}\``,
    );
  const patch = { body: undoing.operations, contentType: 'application/json-patch+json' };
  return {
    present,
    send: (dryRun) => cluster.json('PATCH', `${pathOf(type, namespace, name)}${query(dryRun)}`, patch),
  };
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UserError('this is no terminal to ask at: give --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(?:es)?$/i.test((await terminal.question('Do it? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

async function objectOf(cluster: ClusterConnection, { kind, name, namespace }: PastOptions): Promise<ObjectPath> {
  if (name === undefined) throw new UserError(`which of them? Give KIND/NAME, such as ${kind}/web`);
  return { type: await findResource(cluster, kind), namespace: namespace ?? cluster.namespace, name };
}

async function withCluster(options: PastOptions, work: (cluster: ClusterConnection) => Promise<void>): Promise<void> {
  const cluster = await connectCluster(signInWith(options.signIn, process.env), (line) => console.error(line));
  try {
    await work(cluster);
  } catch (error) {
    throw error instanceof ApiError ? new UserError(error.message) : error;
  } finally {
    cluster.close();
  }
}

function styleOf({ type }: ObjectPath): Style {
  const colour = process.stdout.isTTY === true && !process.env['NO_COLOR'];
  return { colour, secret: type.kind === 'Secret', now: new Date() };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
