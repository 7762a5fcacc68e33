// Where the logs of this node's pods lie. One cluster of a machine has /var/log/pods, where every collector of logs reads them, and links
// to them in /var/log/containers; another one's lie in its own data directory, so that a collector of the first reads none of them.
// Source: kubelet's podLogsDir, and the names that it gives links.

import fs from 'node:fs/promises';
import path from 'node:path';
import { errorText } from '../../core/machinery/error-text.ts';
import type { EventLog } from '../../core/process/log.ts';
import { inDirectory, pathOf } from '../files/beneath.ts';
import { isMissing } from '../files/paths.ts';
import { removeTree } from '../files/remove-tree.ts';

export interface MachineLogs {
  /** Holds `<namespace>_<name>_<uid>/<container>/<n>.log`. */
  readonly logsDir: string;
  /** Of the cluster that has the machine's. */
  readonly links: ContainerLinks | undefined;
}

/** One running container or one that ended. */
export interface LoggedContainer {
  readonly id: string;
  readonly name: string;
  readonly logPath: string;
}

type PodName = { readonly name: string; readonly namespace: string };

export interface ContainerLinks {
  /** From a name that says pod, namespace and container. A failure is logged: the container runs without its link. */
  add(pod: PodName, container: LoggedContainer): Promise<void>;
  remove(pod: PodName, container: Pick<LoggedContainer, 'id' | 'name'>): Promise<void>;
  /** Those that lead nowhere any more. */
  sweep(): Promise<void>;
}

/** A link in the directory of logs to the data directory whose they are: made at once or not at all. */
const owner = '.zeroplane';
/** Of a pod's directory of logs. */
const podName = /^[a-z0-9.-]+_[a-z0-9.-]+_[A-Za-z0-9-]+$/;
/** Of a file, in bytes. */
const maxName = 255;

/** `machine`: /var/log but in tests. `own`: the logs of this data directory when another has the machine's. */
export async function claimMachineLogs(
  { dataDir, own, machine }: { dataDir: string; own: string; machine: string },
  log: EventLog,
): Promise<MachineLogs> {
  const pods = path.join(machine, 'pods');
  // Containers that run write where they began to.
  const began = await fs.readdir(own).catch(() => []);
  const other = began.length > 0 ? undefined : await claim(pods, dataDir);
  if (began.length === 0 && other === undefined)
    return { logsDir: pods, links: createContainerLinks(machine, pods, log) };
  await fs.mkdir(own, { recursive: true });
  const why = other === undefined ? 'they were there before' : `${pods} is ${other}`;
  log.info({ logs: own, why }, 'logs of pods are kept in the data directory');
  return { logsDir: own, links: undefined };
}

/** Takes what `claimMachineLogs` gave a data directory off the machine, logs and links. */
export async function releaseMachineLogs(dataDir: string, machine: string): Promise<void> {
  const pods = path.join(machine, 'pods');
  if ((await ownerOf(pods)) !== dataDir) return;
  await removePods(pods);
  await createContainerLinks(machine, pods).sweep();
  await fs.rm(path.join(pods, owner), { force: true });
  // They stay where they hold what is not ours.
  for (const each of [pods, path.join(machine, 'containers')]) await fs.rmdir(each).catch(() => undefined);
}

/** Undefined: they are this data directory's now. Otherwise whose they are. */
async function claim(pods: string, dataDir: string): Promise<string | undefined> {
  const before = await ownerOf(pods);
  if (before === dataDir) return undefined;
  if (before !== undefined) {
    if (await fs.stat(before).catch(() => undefined)) return `that of the node in ${before}`;
    // Its data directory was deleted without a teardown.
    await removePods(pods);
    await fs.rm(path.join(pods, owner), { force: true });
  }
  await fs.mkdir(pods, { recursive: true, mode: 0o755 });
  if ((await fs.readdir(pods)).length > 0) return "another kubelet's";
  try {
    await fs.symlink(dataDir, path.join(pods, owner));
  } catch (error) {
    if ((await ownerOf(pods)) !== undefined) return 'taken by another node just now';
    throw error;
  }
  return undefined;
}

async function ownerOf(pods: string): Promise<string | undefined> {
  return fs.readlink(path.join(pods, owner)).catch(() => undefined);
}

async function removePods(pods: string): Promise<void> {
  for (const name of await fs.readdir(pods)) if (podName.test(name)) await removeTree(pods, name);
}

function createContainerLinks(machine: string, logsDir: string, log?: EventLog): ContainerLinks {
  // Pods that may write there cannot lead the agent elsewhere by a link in the directory's place.
  const inContainers = <T>(use: Parameters<typeof inDirectory<T>>[2]) => inDirectory(machine, 'containers', use);
  const tried = (work: Promise<unknown>, text: string) =>
    work.then(
      () => undefined,
      (error: unknown) => log?.warn({ error: errorText(error) }, text),
    );
  return {
    add: (pod, container) =>
      tried(
        inContainers(async (directory) => {
          const link = pathOf(directory, linkName(pod, container));
          await fs.rm(link, { force: true });
          await fs.symlink(container.logPath, link);
        }),
        'a container has no link to its log',
      ),
    remove: (pod, container) =>
      tried(
        inContainers((directory) => fs.rm(pathOf(directory, linkName(pod, container)), { force: true })),
        'the link to a log stays',
      ),
    sweep: () =>
      tried(
        inContainers(async (directory) => {
          for (const name of await fs.readdir(pathOf(directory))) {
            const target = await fs.readlink(pathOf(directory, name)).catch(() => undefined);
            if (!target?.startsWith(`${logsDir}/`)) continue;
            const there = await fs.lstat(target).catch((error: unknown) => !isMissing(error));
            if (!there) await fs.rm(pathOf(directory, name), { force: true });
          }
        }),
        'links to logs that are gone stay',
      ),
  };
}

function linkName({ name, namespace }: PodName, container: Pick<LoggedContainer, 'id' | 'name'>): string {
  const suffix = '.log';
  return `${`${name}_${namespace}_${container.name}-${container.id}`.slice(0, maxName - suffix.length)}${suffix}`;
}
