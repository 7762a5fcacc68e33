// `up` and `down` as their user lives them: what they say, what they refuse, and that nothing is left.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { createHost, type Host, kubectlOn } from '../tools/host.ts';
import { exampleArchive } from '../tools/images.ts';
import { tracesOf } from '../tools/traces.ts';

const start = join(import.meta.dirname, '../../local/start.mjs');
const stepLine = /^[✔✖] .+ \[\d+\.\d+s\]$/;

describe.skipIf(process.getuid?.() !== 0)('up and down (needs root)', () => {
  let host: Host;
  let scratch: string;
  let dataDir: string;
  const children: ChildProcess[] = [];

  beforeAll(() => {
    host = createHost('zpe2e4', '10.210.4.1');
    scratch = mkdtempSync(join(tmpdir(), 'zpe2e4-'));
    chmodSync(scratch, 0o755);
    dataDir = join(scratch, 'data');
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(async () => {
    await zeroplane('down', '--purge');
    host.remove();
    rmSync(scratch, { recursive: true, force: true });
  });

  const zeroplane = (command: string, ...args: string[]) =>
    host.run(process.execPath, start, ...command.split(' '), '--data-dir', dataDir, ...args);
  const traces = (pods: readonly string[] = [], namespaces: readonly string[] = []) =>
    tracesOf(host, scratch, pods, namespaces);
  const pid = (file: string) => Number(readFileSync(join(dataDir, file), 'utf8').split(' ')[0]);
  const kubectl = async (...args: string[]) => {
    const { code, stdout, stderr } = await kubectlOn(host, join(dataDir, 'admin.kubeconfig'))(...args);
    if (code !== 0) throw new Error(stderr);
    return stdout;
  };
  /** `up` in the foreground, in a process group of its own as a shell would start it. */
  const foreground = (...args: string[]) => {
    const [nsenter, inside] = [host.enter[0] ?? '', host.enter.slice(1)];
    const command = [...inside, process.execPath, start, 'up', '--data-dir', dataDir, ...args];
    const child = spawn(nsenter, command, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let output = '';
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk));
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk));
    const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
    return { output: () => output, ended, interrupt: () => process.kill(-(child.pid ?? 0), 'SIGINT') };
  };

  it('refuses what it cannot do in one line, and leaves nothing behind', async () => {
    const asNobody = [
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      process.execPath,
      start,
      'up',
    ] as const;
    const refusals: [() => ReturnType<Host['run']>, RegExp, number?][] = [
      [() => host.run(...asNobody, '--data-dir', dataDir), /^zeroplane: a node needs root.*--no-agent/],
      [() => zeroplane('up', '--pod-cidr', '10.1.0.0'), /^zeroplane: --pod-cidr: 10\.1\.0\.0 is no range of addresses/],
      [() => zeroplane('up', '--service-cidr', '10.1.0.0/30'), /^zeroplane: --service-cidr: .* is too small/],
      [() => zeroplane('up', '--port', '99999'), /^--port: give a number from 1 to 65535, not "99999"/, 2],
      [() => zeroplane('up', '--fast'), /^Unknown option '--fast'/, 2],
      [() => zeroplane('status'), /^zeroplane: no cluster in .*: start one with/],
      [() => zeroplane('image load', 'x.tar'), /^zeroplane: no cluster in/],
      [
        () => host.run(...asNobody, '--no-agent', '--data-dir', '/var/lib/zeroplane-of-nobody'),
        /^zeroplane: --data-dir: \/var\/lib\/zeroplane-of-nobody cannot be written: choose another directory/,
      ],
    ];
    for (const [run, message, expected = 1] of refusals) {
      const { code, stderr } = await run();
      expect(code, stderr).toBe(expected);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    expect(existsSync(dataDir)).toBe(false);
  });

  it('says that its port is in use, and starts nothing', async () => {
    const before = await traces();
    const script = "require('net').createServer().listen(6443, () => console.log('listening'))";
    const holder = spawn(host.enter[0] ?? '', [...host.enter.slice(1), process.execPath, '-e', script]);
    children.push(holder);
    await new Promise((resolve) => holder.stdout?.once('data', resolve));
    const { code, stderr } = await zeroplane('up', '--detach');
    expect(code).toBe(1);
    expect(stderr).toBe('zeroplane: port 6443 is in use: free it, or choose another with --port\n');
    expect(existsSync(dataDir)).toBe(false);
    const gone = new Promise((resolve) => holder.once('close', resolve));
    holder.kill('SIGKILL');
    await gone;
    expect(await traces()).toEqual(before);
  });

  it('stops what it started when a later step fails', async () => {
    const before = await traces();
    mkdirSync(join(dataDir, 'agent'), { recursive: true });
    // The agent starts containerd, and then cannot make this directory.
    writeFileSync(join(dataDir, 'agent/pods'), '');
    const { code, stdout, stderr } = await zeroplane('up', '--detach');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✖ Node .* is Ready/m);
    expect(stderr).toMatch(/ended while it started. Its log, .*agent\.log, ends with/);
    expect(await traces()).toEqual(before);
    rmSync(dataDir, { recursive: true });
  });

  it('runs a control plane alone for a user without rights', async () => {
    const home = join(scratch, 'home');
    mkdirSync(home);
    chownSync(home, 65534, 65534);
    const own = join(home, 'data');
    const asNobody = (...args: string[]) =>
      host.run('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, start, ...args);
    const up = await asNobody('up', '--detach', '--no-agent', '--data-dir', own, '--port', '7000');
    expect(up.code, up.stderr).toBe(0);
    const run = kubectlOn(host, join(own, 'admin.kubeconfig'));
    expect((await run('create', 'configmap', 'made')).stdout).toContain('configmap/made created');
    expect((await run('get', 'nodes')).stderr).toContain('No resources found');
    const down = await asNobody('down', '--purge', '--data-dir', own);
    expect(down.code, down.stderr).toBe(0);
    expect(existsSync(own)).toBe(false);
  });

  describe('a cluster', () => {
    let before: Awaited<ReturnType<typeof traces>>;
    let pods: string[] = [];
    let namespaces: readonly string[] = [];

    it('comes up with a line a step, and says where its kubeconfig lies and what to do next', async () => {
      before = await traces();
      const { code, stdout, stderr } = await zeroplane('up', '--detach');
      expect(code, stderr).toBe(0);
      const [steps = '', rest = ''] = stdout.split('\n\n');
      for (const line of steps.split('\n')) expect(line).toMatch(stepLine);
      expect(steps.split('\n')).toHaveLength(5);
      expect(rest).toContain(`Kubeconfig: ${join(dataDir, 'admin.kubeconfig')}`);
      expect(stdout).toContain('kubectl apply -f examples/web.yaml');
      await kubectl('apply', '-f', join(import.meta.dirname, '../../examples/web.yaml'));
      await kubectl('rollout', 'status', 'deployment/web', '--timeout=120s');
    });

    it('is found by a second up, which cannot change what it was made with', async () => {
      const again = await zeroplane('up', '--detach');
      expect(again.code, again.stderr).toBe(0);
      expect(again.stdout).toMatch(/Control plane runs already \(pid \d+\)/);
      expect(again.stdout).toMatch(/agent runs already, pid \d+/);
      for (const [flag, value, message] of [
        ['--pod-cidr', '10.99.0.0/16', /--pod-cidr: this cluster was made with 10\.244\.0\.0\/16 and cannot change/],
        ['--service-cidr', '10.98.0.0/16', /--service-cidr: this cluster was made with/],
        ['--port', '7001', /--port: the cluster runs on port 6443: stop it first/],
      ] as const) {
        const { code, stderr } = await zeroplane('up', flag, value);
        expect(code).toBe(1);
        expect(stderr).toMatch(message);
      }
      const status = await zeroplane('status', '-o', 'json');
      expect(JSON.parse(status.stdout)).toMatchObject({ port: 6443, controlPlane: pid('run/control-plane.pid') });
      expect((await zeroplane('status')).stdout).toMatch(/agent\s+ok\s+runs \(pid \d+\)/);
    });

    it('loads OCI and Docker archives, and says what is wrong with others', async () => {
      const oci = await exampleArchive('zeroplane.local/busybox:1');
      const docker = join(scratch, 'docker.tar');
      execFileSync('skopeo', ['copy', `oci-archive:${oci}`, `docker-archive:${docker}:zeroplane.local/other:2`]);
      const loaded = await zeroplane('image load', oci, docker);
      expect(loaded.code, loaded.stderr).toBe(0);
      expect(loaded.stdout).toBe('loaded zeroplane.local/busybox:1\nloaded zeroplane.local/other:2\n');
      const garbage = join(scratch, 'garbage.tar');
      writeFileSync(garbage, 'not an archive');
      for (const [file, message] of [
        [garbage, /^zeroplane: image load: .*garbage\.tar is not an OCI or Docker image archive/],
        [join(scratch, 'none.tar'), /^zeroplane: image load: there is no file .*none\.tar/],
      ] as const) {
        const { code, stderr } = await zeroplane('image load', file);
        expect(code).toBe(1);
        expect(stderr).toMatch(message);
      }
    });

    it('goes down without a trace, and down again has nothing to do', async () => {
      const running = JSON.parse(await kubectl('get', 'pods', '-o', 'json'));
      pods = running.items.map((each: { metadata: { uid: string } }) => each.metadata.uid);
      const during = await traces(pods);
      namespaces = during.namespaces;
      // Otherwise the comparison below would prove nothing.
      expect(during.namespaces).toHaveLength(3);
      for (const each of [during.processes, during.mounts, during.cgroups, during.tables]) expect(each).not.toEqual([]);
      expect(during.links.length).toBeGreaterThan(before.links.length);
      const { code, stdout, stderr } = await zeroplane('down');
      expect(code, stderr).toBe(0);
      for (const line of stdout.trim().split('\n')) expect(line).toMatch(stepLine);
      expect(await traces(pods, namespaces)).toEqual(before);
      const again = await zeroplane('down');
      expect(again.code, again.stderr).toBe(0);
      expect((await zeroplane('status')).stdout).toMatch(
        /control plane\s+FAULT\s+stopped\n.*next: zeroplane up.*\nagent\s+FAULT\s+stopped/,
      );
    });

    it('is as it was after up again', async () => {
      const { code, stderr } = await zeroplane('up', '--detach');
      expect(code, stderr).toBe(0);
      const { items } = JSON.parse(await kubectl('get', 'pods', '-o', 'json'));
      expect(items.map((each: { metadata: { uid: string } }) => each.metadata.uid).sort()).toEqual([...pods].sort());
      await eventually(60, async () => (await kubectl('get', 'deployment', 'web')).includes('3/3'));
      const address = await kubectl('get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}');
      await eventually(60, async () => {
        const { stdout } = await host.run('/bin/busybox', 'wget', '-q', '-O', '-', `http://${address}/`);
        return stdout.includes('Hello from Zeroplane');
      });
    });

    it('goes down without a trace after kill -9 of everything, and shows its steps live on a terminal', async () => {
      const during = await traces(pods);
      for (const file of ['run/control-plane.pid', 'run/agent.pid', 'agent/containerd/containerd.pid'])
        process.kill(pid(file), 'SIGKILL');
      const command = `stty cols 120; ${process.execPath} ${start} down --purge --data-dir ${dataDir}`;
      const { code, stdout } = await host.run('script', '-qec', command, '/dev/null');
      expect(code, stdout).toBe(0);
      expect(stdout).toContain('\u001b[');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes that move the cursor are what is taken out.
      expect(stdout.replaceAll(/\u001b\[[\d;?]*[A-Za-z]/g, '')).toMatch(/✔ Data deleted/);
      expect(await traces(pods, during.namespaces)).toEqual(before);
      expect(existsSync(dataDir)).toBe(false);
      const again = await zeroplane('down', '--purge');
      expect(again).toMatchObject({ code: 0, stdout: `No cluster in ${dataDir}: nothing to stop.\n` });
    });
  });

  it('in the foreground starts again what dies, and Ctrl-C stops it', async () => {
    const before = await traces();
    const kubeconfig = join(scratch, 'elsewhere/config');
    const cluster = foreground('--port', '7002', '--kubeconfig', kubeconfig);
    await eventually(60, async () => cluster.output().includes('Ctrl-C stops it'));
    expect((await kubectlOn(host, kubeconfig)('get', 'nodes')).stdout).toContain('Ready');
    for (const [program, name] of [
      ['agent', 'agent'],
      ['control-plane', 'control plane'],
    ] as const) {
      const killed = pid(`run/${program}.pid`);
      process.kill(killed, 'SIGKILL');
      await eventually(60, async () => pid(`run/${program}.pid`) !== killed);
      expect(cluster.output()).toContain(`The ${name} ended unexpectedly: starting it again.`);
    }
    await eventually(60, async () => (await kubectlOn(host, kubeconfig)('get', 'nodes')).stdout.includes('Ready'));
    cluster.interrupt();
    expect(await cluster.ended).toBe(0);
    expect(await traces()).toEqual(before);
    expect(existsSync(join(dataDir, 'state.db'))).toBe(true);
    expect((await zeroplane('down', '--purge')).code).toBe(0);
    expect(existsSync(kubeconfig)).toBe(false);
  });

  it('leaves nothing running when Ctrl-C comes before it is up', async () => {
    const before = await traces();
    const cluster = foreground();
    await eventually(60, async () => cluster.output().includes('Control plane ready'));
    cluster.interrupt();
    expect(await cluster.ended).toBe(1);
    expect(cluster.output()).toContain('zeroplane: interrupted: what was started is stopped again');
    expect(await traces()).toEqual(before);
    expect((await zeroplane('down', '--purge')).code).toBe(0);
  });
});
