// A CSI driver of the tests' own, as its node plugin and registrar show themselves to a node: two sockets that speak gRPC, and bind mounts. It
// holds its caller to the protocol's order, and remembers what it was told.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { decode, encode, type Input, type Message } from '../../agent/cri/wire.ts';
import { csiMethods, nodeCapabilities, registrationMethods, usageUnits } from '../../agent/csi/messages.ts';

export interface CsiDriver {
  /** The data of a volume. */
  data(handle: string): string;
  /** Method -> what it was called with, in order. */
  readonly calls: { readonly method: string; readonly request: Readonly<Record<string, unknown>> }[];
  /** What the node said of its registration. */
  readonly registered: boolean[];
  stop(): Promise<void>;
}

export interface CsiDriverOptions {
  readonly name: string;
  /** The node's, where drivers are expected. */
  readonly kubeletDir: string;
  readonly nodeId: string;
  readonly topology: Readonly<Record<string, string>>;
}

type Request = Record<string, unknown>;
type Handler = (request: Request) => Request | undefined;

class Refusal extends Error {
  readonly code: number;
  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export async function startCsiDriver({ name, kubeletDir, nodeId, topology }: CsiDriverOptions): Promise<CsiDriver> {
  const own = join(kubeletDir, 'plugins', name);
  const [socket, registration] = [join(own, 'csi.sock'), join(kubeletDir, 'plugins_registry', `${name}-reg.sock`)];
  mkdirSync(own, { recursive: true });
  for (const each of [socket, registration]) rmSync(each, { force: true });
  const calls: CsiDriver['calls'][number][] = [];
  const registered: boolean[] = [];
  const data = (handle: string) => join(own, 'data', handle);
  const devices = new Map<string, string>();
  /** Target -> what lies below it. */
  const [staged, published] = [new Map<string, string>(), new Map<string, string>()];

  const mount = (from: string, to: string, readonly = false) => {
    execFileSync('mount', ['--bind', from, to]);
    if (readonly) execFileSync('mount', ['-o', 'remount,bind,ro', to]);
  };
  const text = (request: Request, field: string) => String(request[field] ?? '');
  const isBlock = (request: Request) => {
    const capability = request['volumeCapability'] as { block?: object; mount?: object } | undefined;
    if (!capability || (capability.block === undefined) === (capability.mount === undefined))
      throw new Refusal(status.INVALID_ARGUMENT, 'a volume is either a mount or a block device');
    return capability.block !== undefined;
  };
  const deviceOf = (handle: string) => {
    const known = devices.get(handle);
    if (known) return known;
    const file = `${data(handle)}.img`;
    mkdirSync(join(own, 'data'), { recursive: true });
    if (!existsSync(file)) writeFileSync(file, Buffer.alloc(1 << 20));
    const made = execFileSync('losetup', ['--find', '--show', file], { encoding: 'utf8' }).trim();
    devices.set(handle, made);
    return made;
  };
  const handlers: Record<string, Handler> = {
    nodeGetInfo: () => ({ nodeId, maxVolumesPerNode: 7, accessibleTopology: { segments: topology } }),
    nodeGetCapabilities: () => ({
      capabilities: [
        nodeCapabilities.stageUnstageVolume,
        nodeCapabilities.getVolumeStats,
        nodeCapabilities.expandVolume,
      ].map((type) => ({
        rpc: { type },
      })),
    }),
    nodeStageVolume(request) {
      const [handle, target] = [text(request, 'volumeId'), text(request, 'stagingTargetPath')];
      if ((request['publishContext'] as Record<string, string>)['device'] === undefined)
        throw new Refusal(status.INVALID_ARGUMENT, 'what the attacher said is missing');
      if (isBlock(request)) deviceOf(handle);
      else if (!staged.has(target)) {
        mkdirSync(data(handle), { recursive: true });
        mount(data(handle), target);
      }
      staged.set(target, handle);
      return undefined;
    },
    nodeUnstageVolume(request) {
      const [handle, target] = [text(request, 'volumeId'), text(request, 'stagingTargetPath')];
      if ([...published.values()].includes(handle))
        throw new Refusal(status.FAILED_PRECONDITION, `${handle} is still published`);
      const device = devices.get(handle);
      if (device !== undefined) execFileSync('losetup', ['--detach', device]);
      else if (staged.has(target)) execFileSync('umount', [target]);
      devices.delete(handle);
      staged.delete(target);
      return undefined;
    },
    nodeExpandVolume(request) {
      if (published.get(text(request, 'volumePath')) !== text(request, 'volumeId'))
        throw new Refusal(status.NOT_FOUND, 'that is not where it is published');
      return { capacityBytes: (request['capacityRange'] as { requiredBytes: number }).requiredBytes };
    },
    nodePublishVolume(request) {
      const [handle, target, staging] = [
        text(request, 'volumeId'),
        text(request, 'targetPath'),
        text(request, 'stagingTargetPath'),
      ];
      if (published.has(target)) return undefined;
      const context = request['volumeContext'] as Record<string, string>;
      const ephemeral = context['csi.storage.k8s.io/ephemeral'] === 'true';
      if (!ephemeral && staged.get(staging) !== handle)
        throw new Refusal(status.FAILED_PRECONDITION, `${handle} is not staged at ${staging}`);
      if (isBlock(request)) {
        writeFileSync(target, '');
        mount(deviceOf(handle), target);
      } else {
        mkdirSync(target);
        if (ephemeral) {
          mkdirSync(data(handle), { recursive: true });
          writeFileSync(join(data(handle), 'pod'), `${context['csi.storage.k8s.io/pod.name']}\n`);
        }
        mount(ephemeral ? data(handle) : staging, target, request['readonly'] === true);
      }
      published.set(target, handle);
      return undefined;
    },
    nodeUnpublishVolume(request) {
      const target = text(request, 'targetPath');
      if (!published.has(target)) return undefined;
      execFileSync('umount', [target]);
      published.delete(target);
      return undefined;
    },
    nodeGetVolumeStats(request) {
      if (published.get(text(request, 'volumePath')) !== text(request, 'volumeId'))
        throw new Refusal(status.NOT_FOUND, 'that is not where it is published');
      return {
        usage: [
          { available: 600_000, total: 1_000_000, used: 400_000, unit: usageUnits.bytes },
          { available: 70, total: 100, used: 30, unit: usageUnits.inodes },
        ],
      };
    },
    getInfo: () => ({ type: 'CSIPlugin', name, endpoint: socket, supportedVersions: ['1.0.0'] }),
    notifyRegistrationStatus(request) {
      registered.push(request['pluginRegistered'] === true);
      return undefined;
    },
  };

  const serve = async (
    methods: Readonly<Record<string, { path: string; request: Message; response: Message }>>,
    at: string,
  ) => {
    const server = new Server();
    const definitions = Object.entries(methods).map(([method, { path, request, response }]) => [
      method,
      {
        path,
        requestStream: false,
        responseStream: false,
        requestSerialize: (value: Request) => encode(request, value as Input<Message>),
        requestDeserialize: (bytes: Buffer) => decode(request, bytes) as Request,
        responseSerialize: (value: Request) => encode(response, value as Input<Message>),
        responseDeserialize: (bytes: Buffer) => decode(response, bytes) as Request,
      },
    ]);
    const implementations = Object.keys(methods).map((method) => [
      method,
      ({ request }: ServerUnaryCall<Request, Request>, answer: sendUnaryData<Request>) => {
        calls.push({ method, request });
        try {
          answer(null, handlers[method]?.(request) ?? {});
        } catch (error) {
          const code = error instanceof Refusal ? error.code : status.INTERNAL;
          answer({ code, details: error instanceof Error ? error.message : String(error) });
        }
      },
    ]);
    server.addService(Object.fromEntries(definitions), Object.fromEntries(implementations));
    await promisify(server.bindAsync.bind(server))(`unix://${at}`, ServerCredentials.createInsecure());
    return server;
  };
  const servers = [await serve(csiMethods, socket), await serve(registrationMethods, registration)];
  return {
    data,
    calls,
    registered,
    async stop() {
      if (!existsSync(own)) return;
      for (const each of servers) each.forceShutdown();
      for (const each of [socket, registration]) rmSync(each, { force: true });
      for (const target of [...published.keys(), ...staged.keys()])
        try {
          execFileSync('umount', [target], { stdio: 'ignore' });
        } catch {
          // Not mounted any more.
        }
      for (const device of devices.values()) execFileSync('losetup', ['--detach', device]);
      rmSync(own, { recursive: true });
    },
  };
}
