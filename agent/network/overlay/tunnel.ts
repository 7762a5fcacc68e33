// The WireGuard device of this node, and its peers. The kernel's own where it has one, else wireguard-go's, a process that outlives the agent
// as the kernel's would: pods keep their connections. Only what changed is told to it; where a peer roams to, WireGuard finds out itself.

import { parseJson } from '../../../core/machinery/json.ts';
import { wireGuardPort } from '../../../core/node/pod-network.ts';
import { CommandError } from '../../../core/process/run.ts';
import type { Run } from '../run.ts';
import type { Peer } from './plan.ts';

export interface TunnelOptions {
  /** Of the device: at most 15 characters, and no other's on this machine. */
  readonly device: string;
  readonly keyFile: string;
  /** The address of the pods' bridge, which what the node itself sends to pods of others comes from. */
  readonly address: string;
  /** The same of IPv6, in a cluster of both families. */
  readonly ipv6Address?: string;
  readonly nodeIP: string;
}

/** Outer IPv6 and UDP headers, WireGuard's own and its padding; 20 less would do over IPv4. */
const overhead = 80;
const usualMtu = 1500;
/** Seconds; below the time after which NATs forget a mapping. */
const keepalive = 25;
const peersAtOnce = 100;

interface Held {
  readonly ranges: string;
  /** What was set last; undefined: by a process before this one, or nothing. */
  readonly endpoint: string | undefined;
}

interface State {
  readonly there: boolean;
  /** A process before this one made it: what it set besides peers is set again. */
  readonly found: boolean;
  readonly held: ReadonlyMap<string, Held>;
}

export class Tunnel {
  readonly #run: Run;
  readonly #options: TunnelOptions;
  /** Undefined while it is not known. */
  #state: State | undefined;

  constructor(run: Run, options: TunnelOptions) {
    this.#run = run;
    this.#options = options;
  }

  get device(): string {
    return this.#options.device;
  }

  /** Makes the peers those of `wanted`, and the device when there are any. True: the device is new. Rejects with CommandError. */
  async apply(wanted: ReadonlyMap<string, Peer>): Promise<boolean> {
    const state = this.#state ?? (await this.#look());
    this.#state = undefined;
    const isNew = !state.there && wanted.size > 0;
    if (isNew || state.found) await this.#setUp(isNew);
    if (isNew || state.there) await this.#bring(state.held, wanted);
    const held = new Map([...wanted].map(([key, { ranges, endpoint }]) => [key, { ranges: textOf(ranges), endpoint }]));
    this.#state = { there: isNew || state.there, found: false, held };
    return isNew;
  }

  async #bring(held: ReadonlyMap<string, Held>, wanted: ReadonlyMap<string, Peer>): Promise<void> {
    const changed = changesOf(held, wanted);
    // First those that go: a range that moves is nobody's for a moment rather than the wrong one's.
    for (const key of held.keys()) if (!wanted.has(key)) await this.#set(['peer', key, 'remove']);
    for (let at = 0; at < changed.length; at += peersAtOnce)
      await this.#set(changed.slice(at, at + peersAtOnce).flatMap(([key, peer]) => peerArguments(key, peer)));
  }

  /** Unix seconds of each peer's last handshake; 0: none yet. Rejects with CommandError. */
  async handshakes(): Promise<Map<string, number>> {
    const listing = await this.#run('wg', ['show', this.device, 'latest-handshakes']);
    return new Map(rowsOf(listing).map(([key = '', time]) => [key, Number(time)]));
  }

  /** The next `apply` looks what there is. */
  forget(): void {
    this.#state = undefined;
  }

  async isThere(): Promise<boolean> {
    return this.#exists();
  }

  async remove(): Promise<void> {
    this.#state = undefined;
    // With its device wireguard-go ends.
    if (await this.#exists()) await this.#run('ip', ['link', 'del', this.device]);
  }

  async #setUp(isNew: boolean): Promise<void> {
    const { device, keyFile, address, ipv6Address } = this.#options;
    if (isNew) {
      await this.#run('ip', ['link', 'add', device, 'type', 'wireguard']).catch(async (error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
        await this.#run('wireguard-go', [device]);
      });
    }
    await this.#set(['listen-port', String(wireGuardPort), 'private-key', keyFile]);
    // What the node masquerades on its way to pods of others has this address: the only one of the node that is in its range.
    await this.#run('ip', ['addr', 'replace', `${address}/32`, 'dev', device]);
    if (ipv6Address !== undefined)
      await this.#run('ip', ['-6', 'addr', 'replace', `${ipv6Address}/128`, 'dev', device, 'nodad']);
    await this.#run('ip', ['link', 'set', device, 'mtu', String((await this.#outerMtu()) - overhead), 'up']);
  }

  async #outerMtu(): Promise<number> {
    const listing = await this.#run('ip', ['-j', '-4', 'addr', 'show', 'to', this.#options.nodeIP]);
    // as: iproute2's own form.
    const [link] = parseJson(listing.trim() || '[]') as { mtu?: number }[];
    return link?.mtu ?? usualMtu;
  }

  async #look(): Promise<State> {
    const there = await this.#exists();
    return { there, found: there, held: there ? await this.#list() : new Map() };
  }

  async #list(): Promise<Map<string, Held>> {
    const listing = await this.#run('wg', ['show', this.device, 'allowed-ips']);
    return new Map(
      rowsOf(listing).map(([key = '', ranges = '']) => [
        key,
        { ranges: ranges === '(none)' ? '' : textOf(ranges.split(' ')), endpoint: undefined },
      ]),
    );
  }

  async #set(args: readonly string[]): Promise<void> {
    await this.#run('wg', ['set', this.device, ...args]);
  }

  async #exists(): Promise<boolean> {
    return this.#run('ip', ['link', 'show', 'dev', this.device]).then(
      () => true,
      () => false,
    );
  }
}

function changesOf(held: ReadonlyMap<string, Held>, wanted: ReadonlyMap<string, Peer>): [string, Peer][] {
  return [...wanted].filter(([key, { ranges, endpoint }]) => {
    const before = held.get(key);
    return before === undefined || before.ranges !== textOf(ranges) || before.endpoint !== endpoint;
  });
}

function peerArguments(key: string, { ranges, endpoint }: Peer): string[] {
  const dials = endpoint === undefined ? [] : ['endpoint', endpoint, 'persistent-keepalive', String(keepalive)];
  return ['peer', key, 'allowed-ips', textOf(ranges), ...dials];
}

function textOf(ranges: readonly string[]): string {
  return [...ranges].sort().join(',');
}

function rowsOf(listing: string): string[][] {
  return listing
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}
