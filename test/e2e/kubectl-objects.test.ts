// Objects with the real kubectl: made, shown, changed, refused and deleted, in the words that users of Kubernetes know.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customResourceDefinition } from '../../core/api/testing/custom-resource-definition.ts';
import { kubectlApply } from '../clients/kubectl-apply.ts';
import { configMap, deployment } from '../clients/objects.ts';
import { eventually, startCluster, type TestCluster } from '../tools/cluster.ts';
import { kubectlCommand, kubectlOf, kubectlWith } from '../tools/kubectl-with.ts';

describe.skipIf(process.getuid?.() !== 0)('kubectl and objects (needs root)', () => {
  let cluster: TestCluster;
  let files: string;
  beforeAll(async () => {
    files = mkdtempSync(join(tmpdir(), 'zeroplane-kubectl-'));
    // No containers are needed here: everything that is asked of objects is answered without a node.
    cluster = await startCluster('zpkctl1', '10.213.1');
  });
  afterAll(async () => {
    rmSync(files, { recursive: true, force: true });
    await cluster?.remove();
  });

  const k = (...args: string[]) => cluster.kubectl(...args);
  /** What a command that must fail says. */
  const refused = async (...args: string[]) => {
    const { code, stderr } = await cluster.attempt(...args);
    expect(code, `kubectl ${args.join(' ')}`).not.toBe(0);
    return stderr.trim();
  };
  const applied = async (object: object, ...args: string[]) => {
    const { code, stdout, stderr } = await kubectlWith(
      cluster,
      { input: JSON.stringify(object) },
      'apply',
      '-f',
      '-',
      ...args,
    );
    return { code, text: `${stdout}${stderr}`.trim() };
  };
  const manifest = (name: string, ...objects: object[]) => {
    const path = join(files, name);
    writeFileSync(path, objects.map((each) => JSON.stringify(each)).join('\n---\n'));
    return path;
  };

  kubectlApply(() => kubectlOf(cluster));

  describe('create, replace, delete', () => {
    it.each([
      ['configmap', 'configmap/c created', ['c-cm', '--from-literal=a=b']],
      ['secret', 'secret/', ['generic', 'c-secret', '--from-literal=a=b']],
      ['service', 'service/', ['nodeport', 'c-np', '--tcp=80:8080']],
      ['service', 'service/', ['externalname', 'c-en', '--external-name=example.com']],
      ['ingress', 'ingress.networking.k8s.io/', ['c-ing', '--rule=foo.com/bar=app:80']],
      ['quota', 'resourcequota/', ['c-quota', '--hard=services=50']],
      ['poddisruptionbudget', 'poddisruptionbudget.policy/', ['c-pdb', '--selector=a=b', '--min-available=50%']],
      ['priorityclass', 'priorityclass.scheduling.k8s.io/', ['c-pc', '--value=100']],
      ['role', 'role.rbac.authorization.k8s.io/', ['c-role', '--verb=get', '--resource=pods,deployments.apps/scale']],
      ['rolebinding', 'rolebinding.rbac.authorization.k8s.io/', ['c-rb', '--role=c-role', '--user=jane']],
      ['clusterrole', 'clusterrole.rbac.authorization.k8s.io/', ['c-cr', '--verb=get', '--non-resource-url=/metrics']],
      ['clusterrolebinding', 'clusterrolebinding.rbac', ['c-crb', '--clusterrole=c-cr', '--group=g']],
      ['cronjob', 'cronjob.batch/', ['c-cj', '--image=x', '--schedule=0 0 1 1 *']],
      ['namespace', 'namespace/', ['c-ns']],
      ['serviceaccount', 'serviceaccount/', ['c-sa']],
    ])('create %s', async (kind, said, args) => {
      expect(await k('create', kind, ...args)).toContain(said.replace(/\/c created$/, '/'));
    });

    it('create token gives one that the API server takes as the service account', async () => {
      const token = await k('create', 'token', 'c-sa', '--duration=10m');
      const server = await k('config', 'view', '--minify', '-o', 'jsonpath={.clusters[0].cluster.server}');
      const args = ['--kubeconfig=/dev/null', `--server=${server}`, '--insecure-skip-tls-verify', `--token=${token}`];
      const who = await kubectlWith(cluster, {}, ...args, 'auth', 'whoami');
      expect(who.stdout).toMatch(/Username\s+system:serviceaccount:default:c-sa/);
    });

    it('replace wants the version that was read, --force makes the object anew', async () => {
      await k('create', 'configmap', 'rep', '--from-literal=a=1');
      const read = JSON.parse(await k('get', 'cm', 'rep', '-o', 'json'));
      const path = manifest('rep.json', { ...read, data: { a: '2' } });
      expect(await k('replace', '-f', path)).toBe('configmap/rep replaced\n');
      expect(await refused('replace', '-f', path)).toContain('the object has been modified; please apply your changes');
      expect(await k('replace', '--force', '-f', path)).toContain('configmap/rep replaced');
      expect(await k('get', 'cm', 'rep', '-o', 'jsonpath={.metadata.uid}')).not.toBe(read.metadata.uid);
    });

    it('delete by name, file, label, all; a namespace with what is in it', async () => {
      await k('create', 'ns', 'doomed');
      for (const name of ['a', 'b', 'c']) await k('-n', 'doomed', 'create', 'configmap', name);
      await k('-n', 'doomed', 'label', 'cm', 'a', 'x=y');
      expect(await k('-n', 'doomed', 'delete', 'cm', '-l', 'x=y', '-o', 'name')).toBe('configmap/a\n');
      expect(await refused('-n', 'doomed', 'delete', 'cm', 'a')).toBe(
        'Error from server (NotFound): configmaps "a" not found',
      );
      expect(await k('-n', 'doomed', 'delete', 'cm', 'a', '--ignore-not-found')).toBe('');
      expect(await k('-n', 'doomed', 'delete', 'cm', '--all')).toMatch(/configmap "b" deleted from doomed namespace\n/);
      expect(await k('delete', 'ns', 'doomed')).toBe('namespace "doomed" deleted\n');
      expect(await refused('get', 'ns', 'doomed')).toContain('namespaces "doomed" not found');
    });
  });

  describe('get', () => {
    it('in every form', async () => {
      await applied(configMap('forms', { b: '2', a: '1' }, { kind: 'form' }));
      expect(await k('get', 'cm', 'forms', '-o', 'name')).toBe('configmap/forms\n');
      expect(await k('get', 'cm/forms', '--no-headers')).toMatch(/^forms\s+2\s+\d+s\n$/);
      expect(await k('get', 'cm', '-l', 'kind in (form)', '--show-labels')).toMatch(
        /NAME\s+DATA\s+AGE\s+LABELS\nforms\s+2\s+\d+s\s+kind=form\n$/,
      );
      expect(await k('get', 'cm', 'forms', '-L', 'kind')).toMatch(/AGE\s+KIND\nforms.*form\n/);
      expect(await k('get', 'cm', 'forms', '-o', 'custom-columns=N:.metadata.name,A:.data.a')).toMatch(
        /^N\s+A\nforms\s+1\n$/,
      );
      expect(await k('get', 'cm', 'forms', '-o', 'go-template={{.data.b}}')).toBe('2');
      expect(await k('get', 'cm', 'forms', '-o', 'yaml')).toMatch(/^apiVersion: v1\ndata:\n {2}a: "1"\n {2}b: "2"\n/);
      expect(await k('get', 'cm', 'forms', '-o', 'yaml')).not.toContain('managedFields');
    });

    it('several types at once, every namespace, sorted, in chunks, by fields', async () => {
      const several = await k('get', 'deploy/app', 'cm/forms');
      expect(several).toMatch(/deployment\.apps\/app\s+0\/0\s+0\s+0[\s\S]*configmap\/forms\s+2/);
      const roots = await k('get', 'cm', '-A', '--field-selector=metadata.name=kube-root-ca.crt', '--chunk-size=1');
      expect(roots.trim().split('\n').length).toBeGreaterThan(4);
      const sorted = await k('get', 'priorityclass', '--sort-by=.value', '-o', 'name');
      expect(sorted.trim().split('\n').at(-1)).toBe('priorityclass.scheduling.k8s.io/system-node-critical');
      const none = await cluster.attempt('get', 'pods', '-n', 'nowhere');
      expect([none.code, none.stderr]).toEqual([0, 'No resources found in nowhere namespace.\n']);
    });

    it('subresources, and a warning for what is deprecated', async () => {
      expect(await k('get', 'deploy', 'app', '--subresource=scale')).toMatch(
        /NAME\s+DESIRED\s+AVAILABLE\s+AGE\napp\s+0/,
      );
      expect(await k('get', 'deploy', 'app', '--subresource=status')).toMatch(/NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE/);
      expect((await cluster.attempt('get', 'endpoints')).stderr).toBe(
        'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n',
      );
    });

    it('-w shows each change of an object, to the last', async () => {
      const columns = ['-o', 'custom-columns=EVENT:.type,A:.object.data.a', '--no-headers', '--output-watch-events'];
      const args = ['get', 'cm', '-w', '--field-selector=metadata.name=watched', ...columns];
      const watching = spawn(...kubectlCommand(cluster, {}, args));
      let said = '';
      watching.stdout.on('data', (chunk) => {
        said += chunk;
      });
      const ended = once(watching, 'exit');
      try {
        // Made anew until the watch has it: nothing tells that a watch has begun.
        await eventually(60, async () => {
          await k('delete', 'cm', 'watched', '--ignore-not-found');
          await applied(configMap('watched', { a: '1' }));
          return said.includes('ADDED');
        });
        await applied(configMap('watched', { a: '2' }));
        await k('delete', 'cm', 'watched');
        await eventually(60, async () => /DELETED\s+2\n/.test(said));
      } finally {
        watching.kill();
        await ended;
      }
      const lines = said
        .trim()
        .split('\n')
        .map((line) => line.split(/\s+/).join(' '));
      expect(lines.slice(-3)).toEqual(['ADDED 1', 'MODIFIED 2', 'DELETED 2']);
    });
  });

  describe('edit, patch, label, annotate', () => {
    it('edit opens the object in an editor and writes what changed', async () => {
      await applied(configMap('edited', { a: '1' }));
      const editor = join(files, 'editor.sh');
      const write = (script: string) => {
        writeFileSync(editor, `#!/bin/sh\n${script}\n`);
        chmodSync(editor, 0o755);
      };
      const edit = (...args: string[]) => kubectlWith(cluster, { env: { KUBE_EDITOR: editor } }, 'edit', ...args);
      write(`sed -i 's/a: "1"/a: "2"/' "$1"`);
      expect((await edit('cm', 'edited')).stdout).toBe('configmap/edited edited\n');
      expect((await edit('cm', 'edited')).stderr + (await edit('cm', 'edited')).stdout).toContain('no changes made');
      write(`sed -i 's/replicas: .*/replicas: -1/' "$1"`);
      const wrong = await edit('deploy', 'app');
      expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('deployments.apps "app" is invalid')]);
    });

    it('patch merges by strategy, by value and step by step', async () => {
      const envNames = () =>
        k('get', 'deploy', 'app', '-o', 'jsonpath={.spec.template.spec.containers[0].env[*].name}');
      const container = { name: 'main', env: [{ name: 'C', value: '3' }] };
      const patch = JSON.stringify({ spec: { template: { spec: { containers: [container] } } } });
      expect(await k('patch', 'deploy', 'app', '-p', patch)).toBe('deployment.apps/app patched\n');
      expect((await envNames()).split(' ').sort()).toEqual(['A', 'C', 'HAND']);
      // kubectl compares what it read before with what it gets: a status that is written between is a change, too.
      await eventually(
        60,
        async () => (await k('patch', 'deploy', 'app', '-p', patch)) === 'deployment.apps/app patched (no change)\n',
      );
      await k('patch', 'cm', 'forms', '--type=merge', '-p', '{"data":{"a":null,"c":"3"}}');
      expect(await k('get', 'cm', 'forms', '-o', 'jsonpath={.data}')).toBe('{"b":"2","c":"3"}');
      const steps = '[{"op":"test","path":"/data/b","value":"2"},{"op":"remove","path":"/data/b"}]';
      await k('patch', 'cm', 'forms', '--type=json', '-p', steps);
      expect(await refused('patch', 'cm', 'forms', '--type=json', '-p', steps)).toContain('The request is invalid');
      const scale = ['--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":0}}'];
      expect(await k('patch', 'deploy', 'app', ...scale)).toContain('scale.autoscaling/app patched');
    });

    it('label and annotate overwrite when told, and remove', async () => {
      expect(await k('label', 'cm', 'forms', 'kind=other', '--overwrite')).toBe('configmap/forms labeled\n');
      expect(await refused('label', 'cm', 'forms', 'kind=third')).toContain('already has a value (other)');
      expect(await k('label', 'cm', 'forms', 'kind-')).toBe('configmap/forms unlabeled\n');
      expect(await k('annotate', 'cm', 'forms', 'why=because')).toBe('configmap/forms annotated\n');
      expect(await k('annotate', 'cm', 'forms', '--list')).toContain('why=because');
      expect(await refused('label', 'cm', 'forms', 'a=b', '--resource-version=1')).toContain('(Conflict)');
    });
  });

  describe('errors', () => {
    it('name the field, the value and the rule', async () => {
      const pod = { containers: [{ name: 'a' }, { name: 'a', image: 'b', imagePullPolicy: 'Rarely' }] };
      const { text } = await applied({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: pod });
      expect(text.split('\n').map((line) => line.trim())).toEqual([
        'The Pod "p" is invalid:',
        '* spec.containers[0].image: Required value',
        '* spec.containers[1].name: Duplicate value: "a"',
        '* spec.containers[1].imagePullPolicy: Unsupported value: "Rarely": supported values: "Always", "IfNotPresent", "Never"',
      ]);
      const moved = deployment(0);
      moved.spec.selector.matchLabels.app = 'other';
      moved.spec.template.metadata.labels.app = 'other';
      expect((await applied(moved)).text).toBe(
        'The Deployment "app" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"other"}}: field is immutable',
      );
    });

    it('tell of unknown fields, kinds and types', async () => {
      const odd = { ...configMap('odd', {}), dataa: { a: 'b' } };
      expect((await applied(odd)).text).toContain('strict decoding error: unknown field "dataa"');
      expect((await applied(odd, '--validate=warn')).text).toBe(
        'Warning: unknown field "dataa"\nconfigmap/odd created'.split('\n').reverse().join('\n'),
      );
      const bar = await applied({ apiVersion: 'foo/v1', kind: 'Bar', metadata: { name: 'u' } });
      expect(bar.text).toContain('no matches for kind "Bar" in version "foo/v1"');
      expect(await refused('get', 'foo')).toBe('error: the server doesn\'t have a resource type "foo"');
      expect(await refused('get', 'pods', '--field-selector=foo=bar')).toContain('field label not supported: foo');
      expect(await refused('explain', 'pod.nope')).toContain('field "nope" does not exist');
    });
  });

  describe('discovery and access', () => {
    it('api-resources, api-versions, explain, version, cluster-info', async () => {
      const resources = await k('api-resources', '--namespaced', '-o', 'wide');
      expect(resources).toMatch(/deployments\s+deploy\s+apps\/v1\s+true\s+Deployment\s+create,delete,.*watch\s+all/);
      expect((await k('api-versions')).split('\n')).toEqual(
        expect.arrayContaining(['v1', 'apps/v1', 'autoscaling/v2']),
      );
      const explained = await k('explain', 'pods.spec.restartPolicy');
      expect(explained).toMatch(/FIELD: restartPolicy <string>\nENUM:\n\s+Always\n\s+Never\n\s+OnFailure/);
      expect(await k('explain', 'deploy.spec.template.spec.containers', '--recursive')).toContain(
        'fieldRef\t<ObjectFieldSelector>',
      );
      expect(await k('version')).toMatch(/Server Version: v1\.36\./);
      expect(await k('cluster-info')).toMatch(/control plane.* is running at/);
      expect(await k('get', '--raw', '/readyz')).toBe('ok');
      const completion = await kubectlWith(cluster, {}, '__complete', 'get', 'cm', 'for');
      expect(completion.stdout.split('\n')[0]).toBe('forms');
    });

    it('who may do what, and who one is', async () => {
      expect(await refused('get', 'pods', '--as=jane')).toBe(
        'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
      );
      const path = manifest(
        'rbac.yaml',
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'Role',
          metadata: { name: 'reads', namespace: 'default' },
          rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
        },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'RoleBinding',
          metadata: { name: 'reads', namespace: 'default' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads' },
          subjects: [{ kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' }],
        },
      );
      expect(await k('auth', 'reconcile', '-f', path)).toMatch(/rolebinding\S+ reconciled/);
      await eventually(60, async () => (await cluster.attempt('get', 'pods', '--as=jane')).code === 0);
      expect((await cluster.attempt('auth', 'can-i', 'list', 'pods', '--as=jane')).stdout).toBe('yes\n');
      expect((await cluster.attempt('auth', 'can-i', 'delete', 'pods', '--as=jane')).stdout).toBe('no\n');
      expect(await k('auth', 'can-i', '--list', '--as=jane')).toMatch(/pods\s+\[\]\s+\[\]\s+\[get list\]/);
      expect(await k('auth', 'whoami', '--as=jane', '--as-group=g')).toMatch(
        /Username\s+jane\nGroups\s+\[g system:auth/,
      );
    });
  });

  it('serves a custom resource like any other: columns, short names, defaults, status, scale, refusals', async () => {
    const schema = {
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          description: 'What is wanted.',
          required: ['cronSpec'],
          properties: {
            cronSpec: { type: 'string', pattern: '^(\\S+ ){4}\\S+$' },
            replicas: { type: 'integer', maximum: 10, default: 1 },
          },
        },
        status: { type: 'object', properties: { replicas: { type: 'integer' } } },
      },
    };
    const version = {
      name: 'v1',
      served: true,
      storage: true,
      subresources: {
        status: {},
        scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
      },
      additionalPrinterColumns: [
        { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' },
        { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
      ],
      schema: { openAPIV3Schema: schema },
    };
    const names = { plural: 'crons', singular: 'cron', kind: 'Cron', shortNames: ['crn'], categories: ['all'] };
    const definition = manifest(
      'crd.json',
      customResourceDefinition({ plural: 'crons', versions: [version], spec: { names } }),
    );
    await k('apply', '-f', definition);
    await k('wait', '--for=condition=Established', 'crd/crons.example.com', '--timeout=120s');
    const cron = (spec: object) => ({ apiVersion: 'example.com/v1', kind: 'Cron', metadata: { name: 'a' }, spec });
    expect((await applied(cron({ cronSpec: '* * * * *' }))).text).toBe('cron.example.com/a created');
    expect(await k('get', 'crn')).toMatch(/^NAME\s+SPEC\na\s+\* \* \* \* \*\n$/);
    expect(await k('get', 'crons', '-o', 'wide')).toMatch(/SPEC\s+REPLICAS\na\s+\* \* \* \* \*\s+1\n/);
    expect(await k('get', 'all')).toContain('cron.example.com/a');
    expect(await k('explain', 'cron.spec')).toContain('What is wanted.');
    expect(await k('describe', 'crn', 'a')).toMatch(/Cron Spec:\s+\* \* \* \* \*/);
    expect(await k('scale', 'crn', 'a', '--replicas=3')).toBe('cron.example.com/a scaled\n');
    expect(await refused('scale', 'crn', 'a', '--replicas=30')).toContain('should be less than or equal to 10');
    expect(await refused('patch', 'crn', 'a', '--type=merge', '-p', '{"spec":{"cronSpec":"x"}}')).toContain(
      'spec.cronSpec in body should match',
    );
    await k('patch', 'crn', 'a', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":2}}');
    expect(await k('get', 'crn', 'a', '--subresource=scale')).toMatch(/DESIRED\s+AVAILABLE\s+AGE\na\s+3\s+2/);
    expect((await applied(cron({ cronSpec: '0 0 * * *' }))).text).toBe('cron.example.com/a configured');
    expect((await applied(cron({ replicas: 99 }))).text).toMatch(
      /less than or equal[\s\S]*spec\.cronSpec: Required value/,
    );
    await k('delete', '-f', definition);
    expect(await refused('get', 'crn')).toMatch(/could not find the requested resource|doesn't have a resource type/);
  });
});
