// What a pod is promised, with real containers: its configuration, its probes, its restarts, its limits, its identity.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { loadExampleImage } from '../tools/images.ts';
import { busybox, forever, pod, service, shell, web } from '../tools/manifests.ts';

describe.skipIf(process.getuid?.() !== 0)('pods (needs root)', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster('zpe2e2', '10.210.2');
    await loadExampleImage(cluster, 'zeroplane.local/node:24');
  });
  afterAll(async () => {
    await cluster?.remove();
  });

  const running = (name: string) =>
    cluster.kubectl('wait', '--for=jsonpath={.status.phase}=Running', `pod/${name}`, '--timeout=120s');
  const ended = (name: string, phase: string) =>
    cluster.kubectl('wait', `--for=jsonpath={.status.phase}=${phase}`, `pod/${name}`, '--timeout=120s');
  const exec = (name: string, container: string, ...command: string[]) =>
    cluster.kubectl('exec', name, '-c', container, '--', ...command);
  const stateOf = async (name: string, container = 0) =>
    (await cluster.read('pod', name)).status.containerStatuses[container];

  describe.concurrent('run together', () => {
    it('take configuration from ConfigMap, Secret and their own metadata, and files follow changes', async () => {
      const key = (kind: 'configMapKeyRef' | 'secretKeyRef') => ({
        valueFrom: { [kind]: { name: 'conf', key: 'key' } },
      });
      await cluster.apply([
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'conf' }, data: { key: 'one', other: 'o' } },
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'conf' }, stringData: { key: 'secret one' } },
        pod(
          'configured',
          [
            shell('main', `env; ${forever}`, {
              env: [
                { name: 'FROM_MAP', ...key('configMapKeyRef') },
                { name: 'FROM_SECRET', ...key('secretKeyRef') },
                { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
                { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
                { name: 'LIMIT', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
                { name: 'COMBINED', value: '$(FROM_MAP) and $(NODE)' },
              ],
              envFrom: [{ prefix: 'ALL_', configMapRef: { name: 'conf' } }],
              resources: { limits: { memory: '32Mi' } },
              volumeMounts: [
                { name: 'map', mountPath: '/map' },
                { name: 'secret', mountPath: '/secret' },
                { name: 'self', mountPath: '/self' },
                { name: 'shared', mountPath: '/shared' },
              ],
            }),
            shell('other', forever, { volumeMounts: [{ name: 'shared', mountPath: '/there' }] }),
          ],
          {
            volumes: [
              { name: 'map', configMap: { name: 'conf' } },
              { name: 'secret', secret: { secretName: 'conf', defaultMode: 0o400 } },
              {
                name: 'self',
                downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
              },
              { name: 'shared', emptyDir: {} },
            ],
          },
          { color: 'blue' },
        ),
      ]);
      await running('configured');
      const { spec, status } = await cluster.read('pod', 'configured');
      const env = await eventually(60, async () => {
        const log = await cluster.kubectl('logs', 'configured', '-c', 'main');
        return log.includes('COMBINED') && log.split('\n');
      });
      expect(env).toContain('FROM_MAP=one');
      expect(env).toContain('FROM_SECRET=secret one');
      expect(env).toContain(`NODE=${spec.nodeName}`);
      expect(env).toContain(`ADDRESS=${status.podIP}`);
      expect(env).toContain('LIMIT=32');
      expect(env).toContain(`COMBINED=one and ${spec.nodeName}`);
      expect(env).toContain('ALL_other=o');
      expect(await exec('configured', 'main', 'cat', '/map/key', '/secret/key')).toBe('onesecret one');
      expect(await exec('configured', 'main', 'stat', '-L', '-c', '%a', '/secret/key')).toBe('400\n');
      await exec('configured', 'main', 'sh', '-c', 'echo hello > /shared/file');
      expect(await exec('configured', 'other', 'cat', '/there/file')).toBe('hello\n');

      await cluster.kubectl('patch', 'configmap', 'conf', '-p', '{"data":{"key":"two"}}');
      await cluster.kubectl('patch', 'secret', 'conf', '-p', '{"stringData":{"key":"secret two"}}');
      await cluster.kubectl('label', 'pod', 'configured', 'color=green', '--overwrite');
      await eventually(60, async () => {
        const files = await exec('configured', 'main', 'cat', '/map/key', '/secret/key', '/self/labels');
        return files === 'twosecret twocolor="green"';
      });
    });

    it('start behind their startup probe, take part in a Service only while ready, and are restarted when not alive', async () => {
      const probe = (file: string, more: object = {}) => ({
        exec: { command: ['test', '-f', file] },
        periodSeconds: 1,
        // On a busy machine a second is not enough to start a program.
        timeoutSeconds: 10,
        failureThreshold: 1,
        ...more,
      });
      await cluster.apply([
        service('probed', 80, 8080),
        pod(
          'probed',
          [
            shell('main', `touch /tmp/alive; ${forever}`, {
              // Nor are thirty to ask for what it does until then.
              startupProbe: probe('/tmp/started', { failureThreshold: 300 }),
              readinessProbe: probe('/tmp/ready'),
              livenessProbe: probe('/tmp/alive'),
            }),
          ],
          {},
          { app: 'probed' },
        ),
      ]);
      await running('probed');
      expect(await stateOf('probed')).toMatchObject({ started: false, ready: false, restartCount: 0 });
      await exec('probed', 'main', 'touch', '/tmp/started');
      await eventually(60, async () => (await stateOf('probed')).started === true);
      const addresses = async () => {
        const { subsets = [] } = await cluster.read('endpoints', 'probed');
        return subsets.flatMap((each: { addresses?: unknown[] }) => each.addresses ?? []).length;
      };
      expect(await addresses()).toBe(0);
      await exec('probed', 'main', 'touch', '/tmp/ready');
      await eventually(60, async () => (await addresses()) === 1);
      await exec('probed', 'main', 'rm', '/tmp/ready');
      await eventually(60, async () => (await addresses()) === 0);
      await exec('probed', 'main', 'rm', '/tmp/alive');
      await eventually(60, async () => {
        const { restartCount, state } = await stateOf('probed');
        return restartCount === 1 && state.running;
      });
      const events = () => cluster.kubectl('events', '--for', 'pod/probed');
      for (const each of ['Liveness probe failed', 'Killing'])
        await eventually(60, async () => (await events()).includes(each));
    });

    it('restart a crashed container with back-off, and show it', async () => {
      await cluster.apply([pod('crashing', [shell('main', 'echo ran; exit 3')])]);
      await eventually(60, async () => {
        const { restartCount, state } = await stateOf('crashing');
        return restartCount >= 1 && state.waiting?.reason === 'CrashLoopBackOff';
      });
      expect(await cluster.kubectl('get', 'pod', 'crashing')).toContain('CrashLoopBackOff');
      const { lastState } = await stateOf('crashing');
      expect(lastState.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
      expect(await cluster.kubectl('logs', 'crashing')).toBe('ran\n');
      await eventually(60, async () => (await cluster.kubectl('events', '--for', 'pod/crashing')).includes('BackOff'));
    });

    it('run init containers in order, and sidecars from before the first container until after the last', async () => {
      const mount = { volumeMounts: [{ name: 'd', mountPath: '/d' }] };
      const note = (word: string) => `echo ${word} >> /d/order`;
      await cluster.apply([
        pod('ordered', [shell('main', `${note('main')}; test -f /d/sidecar && cat /d/order`, mount)], {
          restartPolicy: 'Never',
          initContainers: [
            shell('first', note('first'), mount),
            shell('sidecar', `touch /d/sidecar; ${forever}`, {
              ...mount,
              restartPolicy: 'Always',
              startupProbe: { exec: { command: ['test', '-f', '/d/sidecar'] }, periodSeconds: 1 },
            }),
            shell('second', `test -f /d/sidecar && ${note('second')}`, mount),
          ],
          volumes: [{ name: 'd', emptyDir: {} }],
        }),
        pod('stuck', [shell('main', 'true')], {
          restartPolicy: 'Never',
          initContainers: [shell('fails', 'exit 7')],
        }),
      ]);
      await ended('ordered', 'Succeeded');
      expect(await cluster.kubectl('logs', 'ordered', '-c', 'main')).toBe('first\nsecond\nmain\n');
      await ended('stuck', 'Failed');
      expect(await cluster.kubectl('get', 'pod', 'stuck')).toContain('Init:Error');
      const { initContainerStatuses, containerStatuses } = (await cluster.read('pod', 'stuck')).status;
      expect(initContainerStatuses[0].state.terminated.exitCode).toBe(7);
      expect(containerStatuses[0].state.waiting.reason).toBe('PodInitializing');
    });

    it('are killed at their memory limit, and say so', async () => {
      // tail keeps the last line, and this one has no end.
      const command = ['/bin/tail', '/dev/zero'];
      const hungry = { name: 'main', image: busybox, command, resources: { limits: { memory: '16Mi' } } };
      await cluster.apply([pod('hungry', [hungry], { restartPolicy: 'Never' })]);
      await ended('hungry', 'Failed');
      expect((await stateOf('hungry')).state.terminated).toMatchObject({ reason: 'OOMKilled', exitCode: 137 });
      expect(await cluster.kubectl('get', 'pod', 'hungry')).toContain('OOMKilled');
    });

    it('say when an image is missing and may not be pulled', async () => {
      const image = { name: 'main', image: 'zeroplane.local/missing:1', imagePullPolicy: 'Never' };
      await cluster.apply([pod('imageless', [image])]);
      await eventually(60, async () => (await stateOf('imageless')).state.waiting?.reason === 'ErrImageNeverPull');
      expect(await cluster.kubectl('get', 'pod', 'imageless')).toContain('ErrImageNeverPull');
      expect(await cluster.kubectl('describe', 'pod', 'imageless')).toContain(
        'is not present with pull policy of Never',
      );
    });

    it('speak to the API as their service account, and may do what its roles say', async () => {
      const directory = '/var/run/secrets/kubernetes.io/serviceaccount';
      const script = `
        const read = (name) => require('fs').readFileSync('${directory}/' + name, 'utf8');
        const ask = async (path) => {
          const headers = { authorization: 'Bearer ' + read('token') };
          const answer = await fetch('https://kubernetes.default.svc' + path, { headers });
          console.log(answer.status, (await answer.json()).kind);
        };
        (async () => {
          await ask('/api/v1/namespaces/' + read('namespace') + '/configmaps');
          await ask('/api/v1/namespaces/default/secrets');
        })();`;
      const subject = { kind: 'ServiceAccount', name: 'reader', namespace: 'default' };
      await cluster.apply([
        { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader' } },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'reader' },
          rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }],
        },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name: 'reader' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
          subjects: [subject],
        },
        pod(
          'asking',
          [
            {
              name: 'main',
              image: 'zeroplane.local/node:24',
              command: ['/usr/local/bin/node', '-e', script],
              env: [{ name: 'NODE_EXTRA_CA_CERTS', value: `${directory}/ca.crt` }],
            },
          ],
          { restartPolicy: 'Never', serviceAccountName: 'reader' },
        ),
      ]);
      await ended('asking', 'Succeeded');
      expect(await cluster.kubectl('logs', 'asking')).toBe('200 ConfigMapList\n403 Status\n');
    });

    it('share the network of the node when they ask for it, and have ports of the node otherwise', async () => {
      await cluster.apply([
        pod('on-host', [{ name: 'main', image: web }], { hostNetwork: true }),
        pod('port', [{ name: 'main', image: web, ports: [{ containerPort: 8080, hostPort: 8088 }] }]),
      ]);
      await running('on-host');
      await running('port');
      const { hostIP, podIP } = (await cluster.read('pod', 'on-host')).status;
      expect(hostIP).toBe(cluster.host.address);
      expect(podIP).toBe(hostIP);
      for (const url of ['http://127.0.0.1:8080/', `http://${hostIP}:8088/`])
        await eventually(
          15,
          async () => (await cluster.host.run('/bin/busybox', 'wget', '-q', '-O', '-', url)).stdout === 'It works.\n',
        );
    });

    it('run as the user and with the rights that their security context says', async () => {
      const script =
        'id -u; id -g; id -G; touch /x 2>&1; grep CapEff /proc/self/status; cat /sys/kernel/x 2>/dev/null; hostname';
      await cluster.apply([
        pod(
          'confined',
          [
            shell('main', script, {
              securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
            }),
          ],
          {
            restartPolicy: 'Never',
            hostname: 'chosen',
            securityContext: { runAsUser: 1000, runAsGroup: 2000, supplementalGroups: [3000] },
          },
        ),
        pod('refused', [{ name: 'main', image: busybox, command: ['true'], securityContext: { runAsNonRoot: true } }]),
      ]);
      await ended('confined', 'Succeeded');
      const lines = (await cluster.kubectl('logs', 'confined')).split('\n');
      expect(lines.slice(0, 3)).toEqual(['1000', '2000', '2000 3000']);
      expect(lines[3]).toContain('Read-only file system');
      expect(lines[4]).toMatch(/CapEff:\s+0000000000000000/);
      expect(lines[5]).toBe('chosen');
      await eventually(
        20,
        async () => (await stateOf('refused')).state.waiting?.reason === 'CreateContainerConfigError',
      );
    });
  });
});
