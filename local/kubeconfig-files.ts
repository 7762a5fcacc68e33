// `zeroplane kubeconfig merge` and `switch`: one kubeconfig for many clusters, as kubectl reads it. Source: client-go, tools/clientcmd.

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { errorText } from '../core/machinery/error-text.ts';
import { writePrivateFile } from '../core/process/private-file.ts';
import { readCluster } from './cluster.ts';
import { shownText } from './shown.ts';
import { table } from './table.ts';
import { UserError } from './user-error.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Named {
  readonly name: string;
  readonly [field: string]: unknown;
}

const lists = ['clusters', 'users', 'contexts'] as const;
type Kubeconfig = Fields & { readonly [List in (typeof lists)[number]]: readonly Named[] };

/** Files that a kubeconfig names beside itself, by their fields. */
const fileFields = ['certificate-authority', 'client-certificate', 'client-key', 'tokenFile'] as const;

export interface MergeOptions {
  /** Default: the administrator's of the cluster on this machine. */
  readonly from: string | undefined;
  /** Default: the first of KUBECONFIG, then ~/.kube/config. */
  readonly into: string | undefined;
  /** Under which its current context is known there. Default: as in the file, with all others of it. */
  readonly name: string | undefined;
  /** Whether kubectl is to use it from now on. */
  readonly switches: boolean;
  readonly dataDir: string;
}

export function mergeKubeconfig({ from, into, name, switches, dataDir }: MergeOptions): {
  readonly file: string;
  readonly contexts: readonly string[];
  readonly current: string;
} {
  const source = from ?? readCluster(dataDir)?.kubeconfig;
  if (source === undefined)
    throw new UserError(`no cluster in ${dataDir}: name a file, as \`zeroplane kubeconfig merge FILE\``);
  const target = into ?? ownFiles()[0] ?? '';
  if (resolve(source) === resolve(target))
    throw new UserError(`${source} is the file itself: name another with --into`);
  const read = withWholePaths(readConfig(source), dirname(resolve(source)));
  const added = name === undefined ? read : underName(read, name, source);
  const present = existsSync(target) ? readConfig(target) : empty();
  const merged = merge(present, added, target);
  const current = text(
    switches ? (added['current-context'] ?? '') : present['current-context'] || added['current-context'],
  );
  write(target, { ...merged, 'current-context': current });
  const names = added.contexts.map((each) => each.name).join(', ');
  console.error(
    shownText(
      `${target} has ${names}${current === text(added['current-context']) ? ', which kubectl uses now' : `: \`zeroplane kubeconfig switch ${added.contexts[0]?.name}\` has kubectl use it`}`,
    ),
  );
  return { file: target, contexts: added.contexts.map((each) => each.name), current };
}

/** Without a name: says which contexts there are. */
export function switchContext(name: string | undefined, { json }: { readonly json: boolean }): void {
  const files = ownFiles().filter((file) => existsSync(file));
  const configs = files.map((file) => ({ file, config: readConfig(file) }));
  // As kubectl: of several files the first word counts.
  const contexts = new Map<string, { readonly file: string; readonly context: Fields }>();
  for (const { file, config } of configs)
    for (const each of config.contexts)
      if (!contexts.has(each.name)) contexts.set(each.name, { file, context: fields(each['context']) });
  const current = configs.map(({ config }) => text(config['current-context'])).find((each) => each !== '');
  if (name === undefined) {
    const rows = [...contexts].map(([each, { file, context }]) => ({
      ...{ current: each === current, name: each, cluster: text(context['cluster']), user: text(context['user']) },
      ...{ namespace: text(context['namespace']) || 'default', file },
    }));
    if (json) console.log(JSON.stringify(rows, null, 2));
    else if (rows.length === 0)
      throw new UserError('there are no contexts: `zeroplane kubeconfig merge FILE` adds one');
    else
      console.log(
        table(
          ['', 'NAME', 'CLUSTER', 'USER', 'NAMESPACE'],
          rows.map((row) => [row.current ? '*' : '', row.name, row.cluster, row.user, row.namespace]),
        ),
      );
    return;
  }
  if (!contexts.has(name))
    throw new UserError(
      `there is no context ${JSON.stringify(name)}: \`zeroplane kubeconfig switch\` says which there are`,
    );
  const [first] = configs;
  if (first) write(first.file, { ...first.config, 'current-context': name });
  if (json) console.log(JSON.stringify({ current: name }));
  else console.error(`kubectl uses ${name} now`);
}

function ownFiles(): string[] {
  const named = (process.env['KUBECONFIG'] ?? '').split(':').filter((file) => file !== '');
  return named.length > 0 ? named : [join(homedir(), '.kube', 'config')];
}

function readConfig(file: string): Kubeconfig {
  let found: unknown;
  try {
    found = parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UserError(
      `${file} cannot be read: ${errorText(error)}: name a kubeconfig, as \`zeroplane kubeconfig merge FILE\``,
    );
  }
  if (found === null) return empty();
  const config = fields(found);
  const list = (name: (typeof lists)[number]) => {
    // computed name: one of the three above.
    const items = config[name] ?? [];
    if (!Array.isArray(items))
      throw new UserError(`${file}: ${name} is no list: is it a kubeconfig? \`kubectl config view\` reads one`);
    return items.map((each) => ({ ...fields(each), name: text(fields(each)['name']) }));
  };
  if (typeof found !== 'object') throw new UserError(`${file} is no kubeconfig: \`kubectl config view\` reads one`);
  return { ...config, clusters: list('clusters'), users: list('users'), contexts: list('contexts') };
}

function empty(): Kubeconfig {
  return { apiVersion: 'v1', kind: 'Config', clusters: [], users: [], contexts: [] };
}

/** Its current context, cluster and user alone, all under one name. */
function underName(config: Kubeconfig, name: string, file: string): Kubeconfig {
  const context = config.contexts.find((each) => each.name === config['current-context']);
  const of = fields(context?.['context']);
  const cluster = config.clusters.find((each) => each.name === of['cluster']);
  const user = config.users.find((each) => each.name === of['user']);
  if (!cluster || !user)
    throw new UserError(
      `${file} has no current context with a cluster and a user: \`kubectl config use-context\` sets one`,
    );
  return {
    ...config,
    clusters: [{ ...cluster, name }],
    users: [{ ...user, name }],
    contexts: [{ name, context: { ...of, cluster: name, user: name } }],
    'current-context': name,
  };
}

/** What has the same name is replaced, if it is of the same server: it may be renewed. */
function merge(present: Kubeconfig, added: Kubeconfig, target: string): Kubeconfig {
  const serverOf = (config: Kubeconfig, context: Named) => {
    const name = fields(context['context'])['cluster'];
    return fields(config.clusters.find((each) => each.name === name)?.['cluster'])['server'];
  };
  for (const context of added.contexts) {
    const other = present.contexts.find((each) => each.name === context.name);
    if (other && serverOf(present, other) !== serverOf(added, context))
      throw new UserError(
        `${target} has a context ${context.name} of another server, ${text(serverOf(present, other))}: give this one a name of its own with --name`,
      );
  }
  const joined = (of: (config: Kubeconfig) => readonly Named[]) => [
    ...of(present).filter((each) => !of(added).some(({ name }) => name === each.name)),
    ...of(added),
  ];
  return {
    ...present,
    clusters: joined(({ clusters }) => clusters),
    users: joined(({ users }) => users),
    contexts: joined(({ contexts }) => contexts),
  };
}

/** A file is found from where its kubeconfig lies: it will lie elsewhere. */
function withWholePaths(config: Kubeconfig, directory: string): Kubeconfig {
  const whole = (each: Named, part: 'cluster' | 'user'): Named => {
    const inner: Record<string, unknown> = { ...fields(each[part]) };
    for (const name of fileFields) if (typeof inner[name] === 'string') inner[name] = resolve(directory, inner[name]);
    return { ...each, [part]: inner };
  };
  return {
    ...config,
    clusters: config.clusters.map((each) => whole(each, 'cluster')),
    users: config.users.map((each) => whole(each, 'user')),
  };
}

function write(file: string, config: Fields): void {
  mkdirSync(dirname(resolve(file)), { recursive: true, mode: 0o700 });
  writePrivateFile(file, stringify(config));
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
