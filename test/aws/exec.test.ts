// kubectl exec, attach, cp and port-forward into pods of a worker that nothing can dial, through `zeroplane connect` and the channel. Real
// containers and the real kubectl; needs root. About two minutes.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { runTool, tool } from '../tools/kubectl.ts';
import { shellLine } from '../tools/kubectl-with.ts';
import { type Connected, connectTo } from './harness/connected.ts';
import { type AwsWorker, startAwsWorker } from './harness/worker.ts';

const serve =
  'mkdir /www; echo hello > /www/index.html; dd if=/dev/urandom of=/www/some bs=1M count=3 2>/dev/null; dd if=/dev/urandom of=/www/large bs=1M count=50 2>/dev/null; touch /www/all; exec httpd -f -p 8080 -h /www';
const talk = 'while read -r line; do echo "said $line"; done';

describe.skipIf(process.getuid?.() !== 0)(
  'exec, attach, cp and port-forward (needs root)',
  { timeout: 300_000 },
  () => {
    let worker: AwsWorker;
    let user: Connected;
    const children: ChildProcess[] = [];

    beforeAll(async () => {
      worker = await startAwsWorker('zpaex', '10.210.83.1', { channel: true, streamDelayMs: 200 });
      user = await connectTo(worker);
      const container = (name: string, command: string) => ({
        ...{ name, image: 'zeroplane.local/busybox:1', command: ['sh', '-c', command], stdin: name === 'talk' },
      });
      const pod = {
        ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' } },
        spec: { terminationGracePeriodSeconds: 0, containers: [container('web', serve), container('talk', talk)] },
      };
      await user.kubectl.input(JSON.stringify(pod), 'apply', '-f', '-');
      await user.kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=120s');
      await eventually(120, async () => (await exec('test', '-f', '/www/all')).code === 0);
    }, 900_000);
    afterAll(async () => {
      for (const child of children) child.kill();
      user?.stop();
      await worker?.stop();
    });
    afterEach(() => worker?.channelFaults(undefined));

    const exec = (...command: string[]) => user.kubectl.attempt('exec', 'web', '-c', 'web', '--', ...command);
    const shell = (line: string) => runTool(...user.command('sh', '-c', line));
    const line = (...args: string[]) => shellLine(user.kubectlCommand(...args));
    const start = (...args: string[]) => {
      const child = spawn(...user.kubectlCommand(...args));
      children.push(child);
      const told = { child, said: '', code: undefined as number | null | undefined };
      for (const output of [child.stdout, child.stderr])
        output.on('data', (chunk: Buffer) => {
          told.said += chunk;
        });
      child.once('exit', (code) => {
        told.code = code;
      });
      return told;
    };
    const sumInside = async (file: string) => (await exec('sha256sum', file)).stdout.split(' ')[0];

    it('exec: output, errors and the exit code of the command', async () => {
      expect(await exec('sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
        ...{ code: 7, stdout: 'out\n' },
        stderr: 'err\ncommand terminated with exit code 7\n',
      });
      expect(await exec('true')).toEqual({ code: 0, stdout: '', stderr: '' });
      const missing = await exec('/no/such/file');
      expect(missing.code).not.toBe(0);
      expect(missing.stderr).toContain('no such file');
      expect(await user.kubectl.input('over the channel', 'exec', '-i', 'web', '-c', 'web', '--', 'cat')).toBe(
        'over the channel',
      );
    });

    it('exec: what is refused is told as on one machine', async () => {
      const container = await user.kubectl.attempt('exec', 'web', '-c', 'none', '--', 'true');
      expect(container.stderr).toContain('container none is not valid for pod web');
      const pod = await user.kubectl.attempt('exec', 'none', '--', 'true');
      expect(pod.stderr).toContain('pods "none" not found');
    });

    it('exec over SPDY, as older clients ask for it', async () => {
      const old = user.command(
        'env',
        'KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false',
        tool('kubectl'),
        'exec',
        'web',
        '-c',
        'web',
      );
      old[1].push('--', 'sh', '-c', 'echo spdy; exit 3');
      expect(await runTool(...old)).toMatchObject({ code: 3, stdout: 'spdy\n' });
    });

    it('exec -it: a terminal of the size that it has, its changes, and Ctrl-C', async () => {
      const inside = "trap 'echo interrupted; exit 5' INT; tty; echo ready; while :; do stty size; sleep 0.3; done";
      const command = line('exec', '-it', 'web', '-c', 'web', '--', 'sh', '-c', inside);
      const seen = join(user.home, 'seen');
      const resize = `(while [ ! -f ${seen} ]; do sleep 0.2; done; stty rows 44 cols 111 < /dev/tty) &`;
      const child = spawn(
        ...user.command('script', '-qec', `stty rows 33 cols 99; ${resize} exec ${command}`, '/dev/null'),
      );
      children.push(child);
      let said = '';
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk;
      });
      let code: number | null | undefined;
      child.once('exit', (each) => {
        code = each;
      });
      await eventually(60, async () => said.includes('ready'));
      expect(said).toMatch(/\/dev\/(pts\/\d+|console)/);
      await eventually(60, async () => said.includes('33 99'));
      writeFileSync(seen, '');
      await eventually(60, async () => said.includes('44 111'));
      child.stdin.write('\x03');
      await eventually(60, async () => code !== undefined);
      expect(said).toContain('interrupted');
      expect(code).toBe(5);
    });

    it('attach: to what the container says and hears', async () => {
      const attached = start('attach', '-i', 'web', '-c', 'talk');
      await eventually(60, async () => {
        attached.child.stdin?.write('hello\n');
        return attached.said.includes('said hello');
      });
      attached.child.kill();
    });

    it('cp: some megabytes in and out, with the same sums', async () => {
      const bytes = randomBytes(3_000_000);
      const file = join(user.home, 'file');
      writeFileSync(file, bytes);
      await user.kubectl('cp', file, 'web:/tmp/file', '-c', 'web');
      const sum = createHash('sha256').update(bytes).digest('hex');
      expect(await sumInside('/tmp/file')).toBe(sum);
      await user.kubectl('cp', 'web:/tmp/file', `${file}.back`, '-c', 'web');
      expect(
        createHash('sha256')
          .update(readFileSync(`${file}.back`))
          .digest('hex'),
      ).toBe(sum);
    });

    it('port-forward: requests, several at a time, and what nobody listens on', async () => {
      const forward = start('port-forward', 'web', ':8080');
      const port = await eventually(60, async () => /127\.0\.0\.1:(\d+)/.exec(forward.said)?.[1]);
      const get = (path: string) => shell(`wget -q -O - http://127.0.0.1:${port}/${path}`);
      expect((await get('index.html')).stdout).toBe('hello\n');
      const many = await Promise.all(Array.from({ length: 5 }, () => get('index.html')));
      expect(many.map(({ stdout }) => stdout)).toEqual(Array(5).fill('hello\n'));
      const sum = await shell(`wget -q -O - http://127.0.0.1:${port}/some | sha256sum`);
      expect(sum.stdout.split(' ')[0]).toBe(await sumInside('/www/some'));
      forward.child.kill();
      const closed = start('port-forward', 'web', ':81');
      const other = await eventually(60, async () => /127\.0\.0\.1:(\d+)/.exec(closed.said)?.[1]);
      await shell(`wget -q -O - http://127.0.0.1:${other}/`);
      await eventually(60, async () => closed.said.includes('an error occurred forwarding'));
      closed.child.kill();
    });

    it('a fast producer waits for a slow reader: 50 MB fill no memory on the way', async () => {
      const memory = () => {
        // Of the program and of what started it.
        const statuses = user.processes().map((pid) => readFileSync(`/proc/${pid}/status`, 'utf8'));
        const rss = statuses.reduce((sum, each) => sum + Number(/VmRSS:\s+(\d+)/.exec(each)?.[1]) * 1024, 0);
        return { connect: rss, agent: worker.agentMemory() };
      };
      const before = memory();
      // It reads nothing for a while, then some.
      const reader = '(sleep 15; head -c 3000000 | sha256sum)';
      const reading = shell(`${line('exec', 'web', '-c', 'web', '--', 'cat', '/www/large')} | ${reader}`);
      const highest = { ...before };
      const watching = setInterval(() => {
        const now = memory();
        highest.connect = Math.max(highest.connect, now.connect);
        highest.agent = Math.max(highest.agent, now.agent);
      }, 100);
      const { stdout } = await reading.finally(() => clearInterval(watching));
      expect(stdout).toBe((await exec('sh', '-c', 'head -c 3000000 /www/large | sha256sum')).stdout);
      // Of 50 MB, with room for what a collection has not yet taken.
      expect(highest.connect - before.connect).toBeLessThan(40e6);
      expect(highest.agent - before.agent).toBeLessThan(40e6);
    });

    it('loses no byte where messages of the channel are lost, doubled and swapped, and connections break', async () => {
      worker.channelFaults({ lost: 0.02, doubled: 0.1, lateMs: 30 });
      const cat = line('exec', 'web', '-c', 'web', '--', 'cat', '/www/some');
      const dropping = setInterval(() => worker.dropChannel(), 5000);
      const there = await shell(`${cat} | sha256sum`).finally(() => clearInterval(dropping));
      const into = line('exec', '-i', 'web', '-c', 'web', '--', 'sha256sum');
      const back = await shell(`${cat} | ${into}`);
      worker.channelFaults(undefined);
      const sum = await sumInside('/www/some');
      expect([there, back].map(({ stdout }) => stdout.split(' ')[0])).toEqual([sum, sum]);
    });

    it('kubectl without `zeroplane connect` is told what to use', async () => {
      const { code, stderr } = await worker.kubectl.attempt('exec', 'web', '-c', 'web', '--', 'true');
      expect(code).not.toBe(0);
      expect(stderr).toContain('zeroplane kubeconfig --aws');
    });

    it('an agent that vanishes in the middle ends the command with an error, within seconds', async () => {
      const running = start('exec', 'web', '-c', 'web', '--', 'sh', '-c', 'echo begun; sleep 1000');
      await eventually(60, async () => running.said.includes('begun'));
      worker.killAgent();
      const began = Date.now();
      await eventually(60, async () => running.code !== undefined);
      expect(running.code).not.toBe(0);
      expect(running.said).toContain('the connection to the node was lost before the command ended');
      expect(Date.now() - began).toBeLessThan(30_000);
    });
  },
);
