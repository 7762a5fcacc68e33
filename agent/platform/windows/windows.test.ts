// The real agent with the platform of Windows, against a real API server, a containerd that speaks CRI's bytes, and recorded answers of PowerShell.

import { spawnSync } from 'node:child_process';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DialRequest } from '../../../core/node/protocol.ts';
import { serve } from '../../../functions/apiserver/serve.ts';
import { createTestAuthority } from '../../../functions/apiserver/testing/certificates.ts';
import { openTestApi, type TestApi } from '../../../functions/apiserver/testing/open-test-api.ts';
import { standardPrograms } from '../../../test/conformance/cluster/programs.ts';
import { type Agent, type StreamContext, startAgent } from '../../agent.ts';
import { readStats } from '../../node-api/read-stats.ts';
import type { AgentOptions } from '../../options.ts';
import { runningContainers } from '../../stats/running-containers.ts';
import { serveCommand } from '../../streams/command.ts';
import { serveLog } from '../../streams/log.ts';
import { runningContainer } from '../../streams/stream-pods.ts';
import { type PlayedContainerd, playContainerd } from './testing/containerd.ts';
import { type PlayedMachine, playMachine } from './testing/machine.ts';
import { createWindows } from './windows.ts';

let folder: string;
let api: TestApi;
let closeServer: () => Promise<unknown>;
let containerd: PlayedContainerd;
let machine: PlayedMachine;
let agent: Agent;
let options: AgentOptions;
let context: StreamContext | undefined;
let logged: string[];

const podPrefix = '10.244.9';
const logsOf = () => path.join(folder, 'var-log');
const cniOf = () => path.join(folder, 'cni-conf');
const platform = () =>
  createWindows({
    run: machine.run,
    logs: logsOf(),
    cniConfDir: cniOf(),
    dnsAt: { address: '127.0.0.1', port: 0 },
    links: () => ['192.0.2.10/24'],
  });
const log = {
  info: () => undefined,
  warn: (fields: object, text: string) => void logged.push(`${text} ${JSON.stringify(fields)}`),
  error: (fields: object, text: string) => void logged.push(`${text} ${JSON.stringify(fields)}`),
};
const programs = {
  ...standardPrograms,
  serve: async (at: Parameters<(typeof standardPrograms)['pause']>[0]) => {
    at.print('hello of a container');
    await at.stopped;
    return 0;
  },
};

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(tmpdir(), 'windows-'));
  logged = [];
  context = undefined;
  machine = playMachine();
  const socket = path.join(folder, 'containerd.sock');
  containerd = await playContainerd(socket, programs, podPrefix);
  api = await openTestApi();
  const authority = await createTestAuthority();
  const tls = { ...(await authority.server()), clientCA: authority.cert };
  const serving = await serve(api.api, { host: '127.0.0.1', port: 0, tls });
  closeServer = () => serving.close(0);
  const own = await authority.client('system:node:win', ['system:nodes']);
  await api.queue.create('node-win');
  await api.post('/api/v1/nodes', { metadata: { name: 'win' }, spec: { podCIDR: `${podPrefix}.0/24` } });
  await api.post('/api/v1/namespaces', { metadata: { name: 'default' } });
  options = {
    credentials: { server: serving.url, ca: authority.cert, cert: own.cert, key: own.key },
    nodeName: 'win',
    nodeIP: '192.0.2.10',
    nodeIPv6: undefined,
    externalIP: undefined,
    dataDir: path.join(folder, 'data'),
    podCIDR: undefined,
    clusterCIDR: '10.244.0.0/16',
    serviceCIDR: '10.96.0.0/16',
    clusterDNS: '10.96.0.10',
    clusterDomain: 'cluster.local',
    netns: undefined,
    runtimeEndpoint: `unix://${socket}`,
    pauseImage: undefined,
    cniBinDir: '',
    networkPrefix: undefined,
    maxPods: 110,
    evictionHard: '',
    seccompDefault: false,
    allowedUnsafeSysctls: [],
    imageVerification: 'NeverVerify',
    preloadedImagesAllowlist: [],
    providerID: undefined,
    cloudNode: false,
    autoUpgrade: false,
    queue: {
      receive: (signal) => api.queue.receive('node-win', { waitSeconds: 20, max: 10, signal }),
      acknowledge: (receipts) => api.queue.acknowledge('node-win', receipts),
    },
  };
  agent = await startAgent(platform(), options, log, async (_: DialRequest, given) => {
    context = given;
  });
});
afterEach(async () => {
  await agent.stop();
  await containerd.stop();
  await closeServer();
  await api.close();
  // What is written half a second later is written.
  await fs.rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
});

const wait = { timeout: 20_000 };
const node = async () => (await api.get('/api/v1/nodes/win')).body;
const podStatus = async (name: string) => (await api.get(`/api/v1/namespaces/default/pods/${name}`)).body?.status;
const createPod = async (name: string, spec: object) => {
  const { status, text } = await api.post('/api/v1/namespaces/default/pods', {
    metadata: { name },
    spec: { nodeName: 'win', automountServiceAccountToken: false, terminationGracePeriodSeconds: 1, ...spec },
  });
  expect(status, text).toBe(201);
};
const main = (more: object = {}) => ({ name: 'main', image: 'nanoserver:ltsc2022', command: ['serve'], ...more });

describe('the program on Windows', () => {
  it('loads the platform of Windows, and leaves the making of a node to its installer', async () => {
    const asWindows = 'data:text/javascript,Object.defineProperty(process,"platform",{value:"win32"})';
    const main = path.join(import.meta.dirname, '../../main.ts');
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['--import', asWindows, main, ...args], { encoding: 'utf8' });
    const torn = run('teardown', '--data-dir', folder);
    expect([torn.status, torn.stdout]).toEqual([0, expect.stringContaining('no node was set up here')]);
    const installed = run('install', '--server', 'https://127.0.0.1:1', '--data-dir', folder);
    expect([installed.status, installed.stderr]).toEqual([1, expect.stringContaining('install-agent.ps1')]);
  }, 60_000);
});

describe('a node with Windows', () => {
  it('joins, and says what machine it is', async () => {
    await expect.poll(async () => (await node()).status?.nodeInfo?.operatingSystem, wait).toBe('windows');
    const { metadata, status } = await node();
    expect(metadata.labels).toMatchObject({
      'kubernetes.io/os': 'windows',
      'beta.kubernetes.io/os': 'windows',
      'node.kubernetes.io/windows-build': '10.0.20348',
    });
    expect(metadata.annotations ?? {}).not.toHaveProperty('zeroplane.dev/wireguard-key');
    expect(status.nodeInfo).toMatchObject({
      kernelVersion: '10.0.20348.2340',
      osImage: 'Windows Server 2022 Datacenter',
      bootID: '17',
      containerRuntimeVersion: 'containerd://2.1.4',
    });
    expect(status.capacity).not.toHaveProperty('hugepages-2Mi');
    expect(Number.parseInt(status.capacity.memory, 10)).toBeGreaterThan(0);
    await expect
      .poll(
        async () => (await node()).status.conditions.find((each: { type: string }) => each.type === 'Ready').status,
        wait,
      )
      .toBe('True');
  });

  it('has a switch for its pods, and the configuration of win-bridge', async () => {
    await expect.poll(() => fs.readdir(cniOf()).catch(() => []), wait).toEqual(['05-zeroplane.conflist']);
    expect([...machine.networks.values()]).toMatchObject([
      {
        Name: 'zeroplane',
        Type: 'L2Bridge',
        Subnets: [{ AddressPrefix: `${podPrefix}.0/24`, GatewayAddress: `${podPrefix}.1` }],
      },
    ]);
    expect([...machine.endpoints.values()]).toMatchObject([
      { Name: 'zeroplane-host', IPAddress: `${podPrefix}.2`, SharedContainers: ['host'] },
    ]);
    const { name, plugins } = JSON.parse(await fs.readFile(path.join(cniOf(), '05-zeroplane.conflist'), 'utf8'));
    expect(name).toBe('zeroplane');
    expect(plugins).toMatchObject([
      { type: 'win-bridge', ipam: { ranges: [[{ subnet: `${podPrefix}.0/24`, rangeStart: `${podPrefix}.3` }]] } },
    ]);
  });

  it('runs a pod by the messages of Windows: user, processors, memory, mounts with their drive, and no cgroups', async () => {
    await api.post('/api/v1/namespaces/default/configmaps', {
      metadata: { name: 'settings' },
      data: { 'a.ini': 'x=1' },
    });
    await createPod('web', {
      os: { name: 'windows' },
      securityContext: { windowsOptions: { runAsUserName: 'ContainerUser' } },
      containers: [
        main({
          resources: { limits: { cpu: '500m', memory: '64Mi' } },
          volumeMounts: [
            { name: 'settings', mountPath: '/settings' },
            { name: 'settings', mountPath: 'C:\\one.ini', subPath: 'a.ini' },
            { name: 'scratch', mountPath: 'D:\\scratch' },
            { name: 'machine', mountPath: '/machine' },
            { name: 'pipe', mountPath: '\\\\.\\pipe\\docker_engine' },
          ],
        }),
      ],
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'scratch', emptyDir: { medium: 'Memory' } },
        { name: 'machine', hostPath: { path: '/ProgramData' } },
        { name: 'pipe', hostPath: { path: '\\\\.\\pipe\\docker_engine' } },
      ],
    });
    await expect.poll(async () => (await podStatus('web'))?.phase, wait).toBe('Running');
    expect((await podStatus('web')).podIP).toMatch(new RegExp(`^${podPrefix}\\.`));
    const [sandbox] = containerd.asked('runPodSandbox');
    expect(sandbox.config.linux).toBe(undefined);
    expect(sandbox.config.windows).toMatchObject({
      securityContext: { runAsUsername: 'ContainerUser', hostProcess: false },
    });
    expect(sandbox.config.dnsConfig).toMatchObject({
      servers: ['192.0.2.10'],
      searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
    });
    expect(sandbox.config.logDirectory).toContain(path.join(logsOf(), 'pods', 'default_web_'));
    const [{ config }] = containerd.asked('createContainer');
    expect(config.linux).toBe(undefined);
    const processors = Number((await node()).status.capacity.cpu);
    expect(config.windows).toMatchObject({
      resources: { cpuMaximum: Math.floor(5000 / processors), memoryLimitInBytes: 64 * 2 ** 20, cpuShares: 0 },
      securityContext: { runAsUsername: 'ContainerUser', hostProcess: false, credentialSpec: '' },
    });
    const mounts = new Map<string, { hostPath: string; readonly: boolean }>(
      config.mounts.map((each: { containerPath: string }) => [each.containerPath, each]),
    );
    expect([...mounts.keys()].sort()).toEqual(
      [
        'C:/dev/termination-log',
        'C:/machine',
        'C:/settings',
        'C:\\Windows\\System32\\drivers\\etc\\hosts',
        'C:\\one.ini',
        'D:\\scratch',
        '\\\\.\\pipe\\docker_engine',
      ].sort(),
    );
    expect(mounts.get('C:/machine')?.hostPath).toBe('C:\\ProgramData');
    expect(mounts.get('\\\\.\\pipe\\docker_engine')?.hostPath).toBe('\\\\.\\pipe\\docker_engine');
    expect(mounts.get('C:/settings')?.readonly).toBe(true);
    // On this machine their paths are this machine's.
    const settings = mounts.get('C:/settings')?.hostPath ?? '';
    expect(await fs.readFile(path.join(settings, 'a.ini'), 'utf8')).toBe('x=1');
    expect(await fs.readFile(mounts.get('C:\\one.ini')?.hostPath ?? '', 'utf8')).toBe('x=1');
    expect(
      await fs.readFile(mounts.get('C:\\Windows\\System32\\drivers\\etc\\hosts')?.hostPath ?? '', 'utf8'),
    ).toContain('web');
    const lists = machine.ran.filter(({ program }) => program === 'icacls.exe').map(({ args }) => args);
    // The first of all, before anything is written there.
    expect(machine.ran[0]).toMatchObject({ program: 'icacls.exe', args: expect.arrayContaining([options.dataDir]) });
    expect(lists.map(([directory, , , ...who]) => [path.basename(directory ?? ''), who.length])).toEqual([
      ['data', 2],
      ['pods', 4],
      ['memory', 4],
    ]);

    await api.patch('/api/v1/namespaces/default/configmaps/settings', 'application/merge-patch+json', {
      data: { 'a.ini': 'x=2' },
    });
    await api.queue.send('node-win', JSON.stringify({ kind: 'changed' }));
    await expect.poll(() => fs.readFile(path.join(settings, 'a.ini'), 'utf8').catch(() => ''), wait).toBe('x=2');
  });

  it('serves a log and exec, probes by exec, and takes a pod off when it is deleted', async () => {
    await createPod('web', {
      containers: [main({ readinessProbe: { exec: { command: ['succeed'] }, periodSeconds: 1 } })],
    });
    await expect.poll(async () => (await podStatus('web'))?.containerStatuses?.[0]?.ready, wait).toBe(true);
    expect(containerd.asked('execSync')[0]).toMatchObject({ cmd: ['succeed'] });
    await api.queue.send('node-win', JSON.stringify({ kind: 'stream', id: 's', request: { type: 'node' } }));
    await expect.poll(() => context !== undefined, wait).toBe(true);
    if (!context) throw new Error('polled for');
    const { uid } = (await api.get('/api/v1/namespaces/default/pods/web')).body.metadata;
    const sent: string[] = [];
    const socket = () => ({
      frames: (async function* () {})(),
      send: async (frame: Uint8Array) => void sent.push(Buffer.from(frame.subarray(1)).toString()),
      deserted: () => new Promise<void>(() => {}),
      close: () => undefined,
    });
    const of = { namespace: 'default', pod: 'web', uid, container: 'main' };
    await serveLog({
      request: { type: 'log', ...of, follow: false, previous: false, timestamps: false },
      pods: context.pods,
      logsDir: context.logsDir,
      files: context.node.files,
      server: socket(),
      now: Date.now,
    });
    expect(sent.join('')).toContain('hello of a container');
    const running = await runningContainers(context.node.runtime, 'win');
    const stats = await readStats(context.node, running);
    expect(stats.containers).toMatchObject([{ name: 'main', workingSet: 40 * 2 ** 20 }]);
    expect(stats.node.memoryAvailable).toBeGreaterThan(0);
    const { podUses } = await platform().pods({
      ...{ agent: options, runtime: context.runtime, capacity: { cpu: 1, memory: 1 }, cgroupRoot: '' },
    });
    expect((await podUses([])).get(uid)).toMatchObject({ memory: 40 * 2 ** 20 });
    const { id } = runningContainer(context.pods.get(uid), 'web', 'main');
    const asked = { stdin: false, stdout: true, stderr: true, tty: false };
    const request = { type: 'exec' as const, ...of, command: ['cmd', '/c', 'ver'], ...asked };
    await expect(serveCommand(context.runtime, id, request, socket())).rejects.toThrow();
    expect(containerd.asked('exec')).toMatchObject([{ containerId: id, cmd: ['cmd', '/c', 'ver'], stdout: true }]);

    await api.remove('/api/v1/namespaces/default/pods/web');
    await expect.poll(async () => (await api.get('/api/v1/namespaces/default/pods/web')).status, wait).toBe(404);
    expect(containerd.asked('removePodSandbox').length).toBeGreaterThan(0);
    await expect.poll(() => fs.readdir(path.join(options.dataDir, 'pods')), wait).toEqual([]);
    await expect.poll(() => fs.readdir(path.join(logsOf(), 'pods')), wait).toEqual([]);
  });

  it.each([
    ['of Linux', { os: { name: 'linux' } }, "doesn't match node OS"],
    ['that names a user by number', { securityContext: { runAsUser: 1000 } }, 'Cannot enforce runAsUser'],
    ['with the network of the machine', { hostNetwork: true }, 'Cannot enforce hostNetwork'],
    [
      'of privileged containers',
      { containers: [main({ securityContext: { privileged: true } })] },
      'Cannot enforce privileged',
    ],
  ])('refuses a pod %s', async (_, spec, message) => {
    await createPod('refused', { containers: [main()], ...spec });
    await expect.poll(async () => (await podStatus('refused'))?.reason, wait).toBe('PodOSNotSupported');
    expect((await podStatus('refused')).message).toContain(message);
    expect(containerd.asked('runPodSandbox')).toEqual([]);
  });

  it('runs a container of the machine itself', async () => {
    await createPod('host', {
      hostNetwork: true,
      securityContext: { windowsOptions: { hostProcess: true, runAsUserName: 'NT AUTHORITY\\SYSTEM' } },
      containers: [main()],
    });
    await expect.poll(async () => (await podStatus('host'))?.phase, wait).toBe('Running');
    const security = { runAsUsername: 'NT AUTHORITY\\SYSTEM', hostProcess: true };
    expect(containerd.asked('runPodSandbox')[0].config.windows.securityContext).toMatchObject(security);
    const [{ config }] = containerd.asked('createContainer');
    expect(config.windows.securityContext).toMatchObject(security);
    expect(config.mounts.map((each: { containerPath: string }) => each.containerPath)).toEqual([
      'C:/dev/termination-log',
    ]);
  });

  it('serves Services by load balancers of the HNS, reaches nodes of its link, and says which it does not', async () => {
    const other = (name: string, ip: string, podCIDR: string) => ({
      metadata: { name },
      spec: { podCIDR, podCIDRs: [podCIDR] },
      status: { addresses: [{ type: 'InternalIP', address: ip }] },
    });
    await api.post('/api/v1/nodes', other('near', '192.0.2.11', '10.244.3.0/24'));
    await api.put('/api/v1/nodes/near/status', other('near', '192.0.2.11', '10.244.3.0/24'));
    await api.post('/api/v1/nodes', other('far', '198.51.100.7', '10.244.4.0/24'));
    await api.put('/api/v1/nodes/far/status', other('far', '198.51.100.7', '10.244.4.0/24'));
    await api.post('/api/v1/namespaces/default/services', {
      metadata: { name: 'web' },
      spec: { type: 'NodePort', clusterIP: '10.96.0.77', ports: [{ port: 80, targetPort: 8080, nodePort: 30077 }] },
    });
    await api.post('/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: 'web', labels: { 'kubernetes.io/service-name': 'web' } },
      addressType: 'IPv4',
      ports: [{ port: 8080, protocol: 'TCP', name: '' }],
      endpoints: [{ addresses: ['10.244.3.5'], conditions: { ready: true } }],
    });
    await api.queue.send('node-win', JSON.stringify({ kind: 'changed' }));
    await expect.poll(() => machine.policyLists.size, wait).toBe(2);
    expect([...machine.policyLists.values()].flatMap((each) => each['Policies'])).toEqual([
      { Type: 'ELB', Protocol: 6, ExternalPort: 80, InternalPort: 8080, VIPs: ['10.96.0.77'] },
      { Type: 'ELB', Protocol: 6, ExternalPort: 30077, InternalPort: 8080 },
    ]);
    const remote = [...machine.endpoints.values()].find((each) => each['IsRemoteEndpoint']);
    expect(remote).toMatchObject({ IPAddress: '10.244.3.5', MacAddress: '02-11-0A-F4-03-05' });
    for (const each of machine.policyLists.values())
      expect(each['References']).toEqual([`/endpoints/${remote?.['ID']}`]);
    await expect.poll(() => Object.fromEntries(machine.routes), wait).toEqual({ '10.244.3.0/24': '192.0.2.11' });

    const events = async () => (await api.get('/apis/events.k8s.io/v1/namespaces/default/events')).body.items;
    await expect
      .poll(async () => (await events()).map(({ note }: { note: string }) => note), wait)
      .toContainEqual(expect.stringMatching(/^pods of node far are not reached from node win: /));
    // A node hears of those that are about its pods.
    await createPod('selected', { containers: [main()] });
    await api.post('/apis/networking.k8s.io/v1/namespaces/default/networkpolicies', {
      metadata: { name: 'none' },
      spec: { podSelector: {} },
    });
    await api.patch('/api/v1/namespaces/default/services/web', 'application/merge-patch+json', {
      spec: { sessionAffinity: 'ClientIP' },
    });
    await api.queue.send('node-win', JSON.stringify({ kind: 'changed' }));
    for (const text of ['NetworkPolicies hold for no pod of this node', 'nodes with Windows do not do sessionAffinity'])
      await expect
        .poll(async () => (await events()).filter(({ note }: { note: string }) => note.includes(text)), wait)
        .toMatchObject([{ reason: 'PodNetworkLimited', regarding: { kind: 'Node', name: 'win' } }]);

    await api.remove('/api/v1/namespaces/default/services/web');
    await api.queue.send('node-win', JSON.stringify({ kind: 'changed' }));
    await expect.poll(() => machine.policyLists.size, wait).toBe(0);
    await expect.poll(() => machine.endpoints.size, wait).toBe(1);
  });

  it('takes up what an agent before it left: pods, switch, load balancers', async () => {
    await createPod('web', { containers: [main()] });
    await expect.poll(async () => (await podStatus('web'))?.phase, wait).toBe('Running');
    await expect.poll(() => fs.readdir(cniOf()).catch(() => []), wait).toHaveLength(1);
    const [networks, endpoints] = [[...machine.networks.keys()], [...machine.endpoints.keys()]];
    await agent.stop();
    await fs.rm(path.join(cniOf(), '05-zeroplane.conflist'));
    agent = await startAgent(platform(), options, log, async () => undefined);
    await expect.poll(() => fs.readdir(cniOf()), wait).toHaveLength(1);
    expect([[...machine.networks.keys()], [...machine.endpoints.keys()]]).toEqual([networks, endpoints]);
    expect(containerd.asked('runPodSandbox')).toHaveLength(1);
    expect((await podStatus('web')).containerStatuses).toMatchObject([{ restartCount: 0, ready: true }]);
  });

  it('is taken off its machine, with its pods and its network', async () => {
    await createPod('web', { containers: [main()] });
    await expect.poll(async () => (await podStatus('web'))?.phase, wait).toBe('Running');
    await agent.stop();
    await platform().teardown(options.dataDir, log);
    expect(containerd.asked('removePodSandbox')).toHaveLength(1);
    expect([machine.networks.size, machine.endpoints.size, machine.policyLists.size]).toEqual([0, 0, 0]);
    expect(await fs.readdir(cniOf())).toEqual([]);
  });
});
