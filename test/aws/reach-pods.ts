// What kubectl asks of pods on a worker that nothing can dial: logs, followed logs, proxied requests. Run beside other tests of a worker.

import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../tools/cluster.ts';
import { tool } from '../tools/kubectl.ts';

export interface Reach {
  readonly kubectl: (...args: string[]) => Promise<string>;
  readonly attempt: (...args: string[]) => Promise<{ code: number; stdout: string; stderr: string }>;
  readonly folder: string;
  readonly kubeconfig: string;
  /** In front of a command that is to run where kubectl runs. */
  readonly enter: readonly string[];
}

const script = [
  'echo first; echo to-stderr >&2',
  'i=0; while [ $i -lt 3000 ]; do echo "line $i of a log that is long enough to fill more than one batch"; i=$((i+1)); done',
  'touch /tmp/ready; while :; do [ -f /tmp/say ] && { cat /tmp/say; rm /tmp/say; }; sleep 0.1; done',
].join('; ');

/** Registers the tests; `reach` is called when they run. */
export function reachesPods(reach: () => Reach): void {
  describe('kubectl reaches pods', () => {
    it('logs: whole, its tail, since a time, with times, a number of bytes, of several pods and containers', async () => {
      const { kubectl, folder } = reach();
      const manifest = join(folder, 'talker.json');
      writeFileSync(manifest, JSON.stringify(talker()));
      await kubectl('apply', '-f', manifest);
      await eventually(60, async () => (await kubectl('get', 'pod', 'talker')).includes('2/2'));

      const whole = await kubectl('logs', 'talker', '-c', 'a');
      const lines = whole.trimEnd().split('\n');
      expect(lines.filter((line) => /^line \d+ of/.test(line))).toHaveLength(3000);
      // Output and errors come through a pipe each: where the two meet is the runtime's choice.
      expect(lines).toContain('to-stderr');
      expect(lines.filter((line) => line !== 'to-stderr')[0]).toBe('first');
      expect(await kubectl('logs', 'talker', '-c', 'a', '--tail=2')).toMatch(/^line 2998 [^\n]*\nline 2999 [^\n]*\n$/);
      expect(await kubectl('logs', 'talker', '-c', 'a', '--tail=1', '--timestamps')).toMatch(
        /^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z line 2999/,
      );
      expect(await kubectl('logs', 'talker', '-c', 'a', '--limit-bytes=5', '--since=1h')).toHaveLength(5);
      // kubectl goes through the containers in the order of a Go map, which is another each time.
      const ofBoth = await kubectl('logs', 'talker', '--all-containers', '--prefix', '--tail=1');
      expect(ofBoth).toContain('[pod/talker/a] line 2999');
      expect(ofBoth).toContain('[pod/talker/b] serves');
      expect(await kubectl('logs', '-l', 'app=talker', '-c', 'b')).toContain('serves');
    });

    it('logs: what cannot be given is a Status', async () => {
      const { attempt } = reach();
      expect((await attempt('logs', 'talker', '-c', 'a', '--previous')).stderr).toContain(
        'previous terminated container "a" in pod "talker" not found',
      );
      expect((await attempt('logs', 'talker', '-c', 'z')).stderr).toContain('container z is not valid for pod talker');
    });

    it('logs -f: as it grows, until kubectl leaves', async () => {
      const { kubectl, kubeconfig, enter } = reach();
      const [program = '', ...args] = [...enter, tool('kubectl'), '--kubeconfig', kubeconfig];
      const follow = spawn(program, [...args, 'logs', '-f', '--tail=0', 'talker', '-c', 'b']);
      let said = '';
      follow.stdout.on('data', (chunk: Buffer) => {
        said += chunk;
      });
      try {
        await eventually(60, async () => {
          await kubectl('get', '--raw', '/api/v1/namespaces/default/pods/talker:8080/proxy/index.html');
          return said.includes('response:200');
        });
      } finally {
        follow.kill();
      }
    });

    it('logs -f: to the end of a container that ends', async () => {
      const { kubectl } = reach();
      const args = ['--image=zeroplane.local/busybox:1', '--restart=Never', '--'];
      await kubectl('run', 'short', ...args, 'sh', '-c', 'for i in 1 2 3; do echo $i; sleep 1; done');
      await eventually(60, async () => /Running|Completed/.test(await kubectl('get', 'pod', 'short')));
      expect(await kubectl('logs', '-f', 'short')).toBe('1\n2\n3\n');
      await kubectl('delete', 'pod', 'short', '--wait=false');
    });

    it('get --raw: a request to a port of a pod, with its answer and its failures', async () => {
      const { kubectl, attempt } = reach();
      const path = '/api/v1/namespaces/default/pods/talker:8080/proxy';
      expect(await kubectl('get', '--raw', `${path}/index.html`)).toBe('It works.\n');
      expect((await attempt('get', '--raw', `${path}/missing`)).code).not.toBe(0);
      const closed = await attempt('get', '--raw', '/api/v1/namespaces/default/pods/talker:81/proxy/');
      expect(closed.stderr).toContain('error trying to reach service');
    });

    it('exec, attach and port-forward: refused, with what to do instead', async () => {
      const { attempt } = reach();
      for (const args of [
        ['exec', 'talker', '-c', 'a', '--', 'true'],
        ['attach', 'talker', '-c', 'a'],
        ['port-forward', 'talker', ':8080'],
      ]) {
        const { code, stderr } = await attempt(...args);
        expect(code).not.toBe(0);
        expect(stderr).toContain('which API Gateway does not carry');
      }
    });

    it('the API by its Service: a pod lists pods with its token, through a name and a certificate that it can check', async () => {
      const { kubectl, folder } = reach();
      const manifest = join(folder, 'asker.json');
      writeFileSync(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: asker() }));
      await kubectl('apply', '-f', manifest);
      await eventually(90, async () => /Completed|Error/.test(await kubectl('get', 'pod', 'asker')));
      const log = await kubectl('logs', 'asker');
      expect(log).toContain('200 PodList asker');
      // A watch over the same way, until its end.
      expect(log).toContain('watch 200 ADDED');
      await kubectl('delete', '-f', manifest, '--wait=false');
    });

    it('leaves nothing behind', async () => {
      const { kubectl } = reach();
      await kubectl('delete', 'pod', 'talker', '--grace-period=1', '--wait=false');
      await eventually(60, async () => !(await kubectl('get', 'pods', '-o', 'name')).includes('talker'));
    });
  });
}

/** A pod that may list pods, and does so as client libraries do. */
function asker(): object[] {
  const name = 'asker';
  const ask = `
    const https = require('node:https'), fs = require('node:fs');
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount/';
    const [ca, token] = ['ca.crt', 'token'].map((file) => fs.readFileSync(folder + file, 'utf8'));
    const { KUBERNETES_SERVICE_HOST: address, KUBERNETES_SERVICE_PORT: port } = process.env;
    const get = (host, path, take) => https.get({ host, port, path, ca, headers: { authorization: 'Bearer ' + token } }, take).on('error', (e) => { console.log(String(e)); process.exit(1); });
    get('kubernetes.default.svc', '/api/v1/namespaces/default/pods', (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; }).on('end', () => {
        const list = JSON.parse(text);
        console.log(answer.statusCode, list.kind, list.items?.find(({ metadata }) => metadata.name === 'asker')?.metadata.name);
        get(address, '/api/v1/namespaces/default/pods?watch=1&timeoutSeconds=60', (watch) => {
          watch.once('data', (chunk) => { console.log('watch', watch.statusCode, JSON.parse(String(chunk).split('\\n')[0]).type); process.exit(0); });
        });
      });
    });`;
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] }],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name }],
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        serviceAccountName: name,
        restartPolicy: 'Never',
        containers: [{ name, image: 'zeroplane.local/node:24', command: ['node', '-e', ask] }],
      },
    },
  ];
}

function talker(): object {
  const image = 'zeroplane.local/busybox:1';
  // With -vv it says what it answers.
  const serve = 'mkdir /www; echo "It works." > /www/index.html; echo serves; exec httpd -f -vv -p 8080 -h /www';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'talker', labels: { app: 'talker' } },
    spec: {
      containers: [
        {
          name: 'a',
          image,
          command: ['sh', '-c', script],
          readinessProbe: { exec: { command: ['test', '-f', '/tmp/ready'] }, periodSeconds: 1 },
        },
        {
          name: 'b',
          image,
          command: ['sh', '-c', serve],
        },
      ],
      terminationGracePeriodSeconds: 1,
    },
  };
}
