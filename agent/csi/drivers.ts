// The CSI drivers of this node: each says of itself at a socket in the registry directory, as for kubelet, and the node says of each in its
// CSINode. A socket that goes takes its driver with it.

import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { errorText } from '../../core/machinery/error-text.ts';
import { validateLabels } from '../../core/machinery/labels.ts';
import { dns1123Subdomain } from '../../core/machinery/names.ts';
import { mayLabelItself } from '../../core/node/own-labels.ts';
import type { EventLog } from '../../core/process/log.ts';
import { createGrpcClient, type GrpcClient } from '../cri/grpc.ts';
import { csiMethods, type PluginInfo, registrationMethods } from './messages.ts';

export interface Driver {
  readonly name: string;
  readonly client: GrpcClient;
  /** Of nodeCapabilities. */
  readonly capabilities: ReadonlySet<number>;
  readonly node: NodeInfo;
}

export interface NodeInfo {
  readonly id: string;
  /** undefined: it does not say. */
  readonly maxVolumes: number | undefined;
  readonly topology: Readonly<Record<string, string>>;
}

export interface Drivers {
  get(name: string): Driver | undefined;
  all(): readonly Driver[];
  /** Looks again and again, from now on. */
  start(): void;
  /** Looks at the sockets that there are. */
  look(): Promise<void>;
  stop(): void;
}

export interface DriversOptions {
  readonly registry: string;
  /** Tells the cluster which there are now. Rejects where it cannot be told: the driver is told so, and tries again. */
  readonly publish: (drivers: readonly Driver[]) => Promise<void>;
  readonly log: EventLog;
}

const csiType = 'CSIPlugin';
/** Kubernetes' own limit for the names of drivers. */
const longestName = 63;
const lookMs = 2000;
/** Of the node's labels, by what all drivers say of where they are: a report has room for 500. */
const mostLabels = 200;

interface Known {
  /** A socket that was made anew is another one. */
  readonly identity: string;
  readonly driver: Driver | undefined;
}

export function createDrivers({ registry, publish, log }: DriversOptions): Drivers {
  /** By socket. */
  const known = new Map<string, Known>();
  const all = () => [...known.values()].flatMap(({ driver }) => driver ?? []);
  let looking: Promise<void> | undefined;
  /** By socket and identity: one that does not answer holds up none of the others. */
  const registering = new Map<string, Promise<void>>();
  let publishing: Promise<void> = Promise.resolve();
  /** One after the other, each of what there is then. */
  const publishAll = () => {
    publishing = publishing.catch(() => undefined).then(() => publish(all()));
    return publishing;
  };

  const register = async (socket: string, identity: string) => {
    const client = createGrpcClient(`unix://${socket}`);
    const answer = (error: string) =>
      client.call(registrationMethods.notifyRegistrationStatus, { pluginRegistered: error === '', error });
    try {
      const info = await client.call(registrationMethods.getInfo, {});
      // Device plugins say themselves here too.
      if (info.type !== csiType) return void known.set(socket, { identity, driver: undefined });
      try {
        const driver = await open(info, registry);
        demandOwnLabels(driver, all());
        known.set(socket, { identity, driver });
        await publishAll();
        log.info({ driver: driver.name, node: driver.node.id }, 'CSI driver registered');
      } catch (error) {
        forget(socket);
        await answer(errorText(error));
        throw error;
      }
      await answer('');
    } finally {
      client.close();
    }
  };
  const forget = (socket: string) => {
    known.get(socket)?.driver?.client.close();
    known.delete(socket);
  };
  const begin = (socket: string, identity: string) => {
    const key = `${socket} ${identity}`;
    if (registering.has(key)) return;
    const registered = register(socket, identity)
      .catch((error: unknown) =>
        log.warn({ socket, error: errorText(error) }, 'a plugin could not be registered; trying again'),
      )
      .finally(() => registering.delete(key));
    registering.set(key, registered);
  };
  const look = async () => {
    const found = new Map<string, string>();
    for (const name of await fs.readdir(registry).catch(() => [])) {
      const socket = path.join(registry, name);
      const stat = await fs.lstat(socket).catch(() => undefined);
      if (stat?.isSocket()) found.set(socket, `${stat.ino} ${stat.ctimeMs}`);
    }
    const gone = [...known].filter(([socket, { identity }]) => found.get(socket) !== identity);
    for (const [socket] of gone) forget(socket);
    const lost = gone.filter(([socket, { driver }]) => driver && !found.has(socket));
    if (lost.length > 0) await publishAll();
    for (const [socket, identity] of found) if (!known.has(socket)) begin(socket, identity);
    await Promise.race([Promise.all(registering.values()), setTimeout(lookMs, undefined, { ref: false })]);
  };
  const lookOnce = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };
  const tried = () =>
    void lookOnce().catch((error: unknown) => log.warn({ error: errorText(error) }, 'plugins were not looked at'));
  let timer: NodeJS.Timeout | undefined;
  return {
    get: (name) => all().find((each) => each.name === name),
    all,
    start() {
      timer ??= setInterval(tried, lookMs);
      tried();
    },
    look: lookOnce,
    stop() {
      clearInterval(timer);
      for (const socket of [...known.keys()]) forget(socket);
    },
  };
}

/** What the driver's topology makes of the node's labels. Throws where the node could not say them, or another driver says otherwise. */
function demandOwnLabels({ name, node }: Driver, others: readonly Driver[]): void {
  const { topology } = node;
  const [fault] = validateLabels(topology, 'topology');
  if (fault) throw new Error(`driver ${name}: ${fault.field}: ${fault.message.slice(0, 300)}`);
  const said = new Map(
    others.filter((each) => each.name !== name).flatMap((each) => Object.entries(each.node.topology)),
  );
  for (const [key, value] of Object.entries(topology)) {
    if (!mayLabelItself(key)) throw new Error(`driver ${name}: no node may give itself the label ${key}`);
    if ((said.get(key) ?? value) !== value) throw new Error(`driver ${name}: another driver has ${key} otherwise`);
    said.set(key, value);
  }
  if (said.size > mostLabels)
    throw new Error(`driver ${name}: drivers may have ${mostLabels} labels of a node together`);
}

/** What a driver says is hostile until it was looked at. Throws where it is not what it must be. */
async function open({ name, endpoint, supportedVersions }: PluginInfo, registry: string): Promise<Driver> {
  const [fault] = dns1123Subdomain(name.toLowerCase());
  if (fault !== undefined || name.length > longestName)
    throw new Error(
      `${JSON.stringify(name.slice(0, 100))} is no name of a driver: ${fault ?? `at most ${longestName} letters`}`,
    );
  if (!supportedVersions.some((each) => /^v?1\./.test(each)))
    throw new Error(`driver ${name} speaks none of CSI 1.x, but ${supportedVersions.join(', ').slice(0, 100)}`);
  const socket = endpoint.replace(/^unix:\/*/, '/');
  if (!socket.startsWith('/'))
    throw new Error(`driver ${name} is to be found at a socket, not at "${endpoint.slice(0, 200)}"`);
  if (path.dirname(path.resolve(socket)) === registry && socket.endsWith('-reg.sock'))
    throw new Error(`driver ${name} names the socket of its registration as its own`);
  const client = createGrpcClient(`unix://${socket}`);
  try {
    const [{ capabilities }, { nodeId, maxVolumesPerNode, accessibleTopology }] = await Promise.all([
      client.call(csiMethods.nodeGetCapabilities, {}),
      client.call(csiMethods.nodeGetInfo, {}),
    ]);
    if (nodeId === '' || nodeId.length > 256) throw new Error(`driver ${name} gives no id for this node`);
    return {
      name,
      client,
      capabilities: new Set(capabilities.map(({ rpc }) => rpc?.type ?? 0)),
      node: {
        id: nodeId,
        maxVolumes: maxVolumesPerNode > 0 ? maxVolumesPerNode : undefined,
        topology: accessibleTopology?.segments ?? {},
      },
    };
  } catch (error) {
    client.close();
    throw error;
  }
}
