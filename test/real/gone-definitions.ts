// A process of its own for gone-definitions.test.ts: definitions come, are used in every way that leaves something behind, and go; then
// it counts what the heap still has of them. `node test/real/gone-definitions.ts ROUNDS DEFINITIONS KILOBYTES` prints JSON.

import { once } from 'node:events';
import { getHeapSnapshot, queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { StoreReplica } from '../../core/replica/store-replica.ts';
import type { Answer } from '../../functions/apiserver/testing/open-test-api.ts';
import { openCluster } from '../conformance/cluster/cluster.ts';
import { largeDefinition, largeObject } from '../tools/large-definition.ts';

export interface Counted {
  /** Before the first round. */
  readonly start: Figures;
  /** After each. */
  readonly rounds: readonly Figures[];
  /** As a process is that has nothing to do: what can be made again is let go of. */
  readonly idle: Figures;
  /** Texts, rules and expressions of the first round's definitions, policies and webhooks that are still in the heap. */
  readonly insides: readonly string[];
  /** Strings with a name of the first round: the past that watches start from has them, until it is compacted. */
  readonly names: number;
}

interface Figures {
  /** Bytes, after a collection. */
  readonly heapUsed: number;
  readonly rss: number;
  /** How many types are in memory. */
  readonly replicas: number;
}

setFlagsFromString('--expose-gc');
// as: what the flag adds.
const collectGarbage = runInNewContext('gc') as (options?: object) => void;

const [rounds = 3, definitions = 4, kilobytes = 40] = process.argv.slice(2).map(Number);
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const registration = '/apis/admissionregistration.k8s.io/v1';
const policies = `${registration}/validatingadmissionpolicies`;
const bindings = `${registration}/validatingadmissionpolicybindings`;
const webhooks = `${registration}/validatingwebhookconfigurations`;

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const nameOf = (round: number) => `gone${round}x`;
const wordOf = (round: number) => `inside${round}x`;

const cluster = await openCluster();
const { t, client } = cluster;
try {
  const namespace = await cluster.namespace();
  const start = await measured();
  const figures = [];
  for (let round = 0; round < rounds; round += 1) {
    await comeAndGo(round, namespace);
    figures.push(await measured());
  }
  t.replicas.forgetObjects();
  collectGarbage({ type: 'major', flavor: 'last-resort', execution: 'sync' });
  const idle = await measured();
  const strings = await stringsOfTheHeap();
  const counted: Counted = {
    start,
    rounds: figures,
    idle,
    insides: strings.filter((each) => each.includes(wordOf(0))).map((each) => each.slice(0, 200)),
    names: strings.filter((each) => each.includes(nameOf(0))).length,
  };
  console.log(JSON.stringify(counted));
} finally {
  await cluster.close();
}

async function comeAndGo(round: number, namespace: string): Promise<void> {
  const watches: { next(): Promise<unknown> }[] = [];
  for (let index = 0; index < definitions; index += 1) watches.push(await come(round, index, namespace));
  await read(t.get('/openapi/v3'));
  await read(t.get(`/openapi/v3/apis/p0.${nameOf(round)}.example.com/v1`));
  await read(t.get('/openapi/v2'));
  await read(t.get('/apis', { headers: { accept: aggregated } }));
  await read(t.get('/metrics'));
  await cluster.idle();

  for (const path of [crds, policies, bindings, webhooks]) {
    for (const { metadata } of await client.list(path)) {
      if (!String(metadata.name).includes(nameOf(round))) continue;
      await read(t.remove(`${path}/${metadata.name}`));
      await client.whenGone(`${path}/${metadata.name}`);
    }
  }
  // A watch of what is gone ends, when it has told of all that went.
  for (const watch of watches) while (await watch.next());
  for (let index = 0; index < definitions; index += 1)
    await client.whenGone(`/api/v1/namespaces/${namespace}/configmaps/${nameOf(round)}-${index}`);
  await cluster.idle();
}

/** A definition with all that a product brings beside it, used. Resolves with a watch of its objects. */
async function come(round: number, index: number, namespace: string) {
  const [name, word] = [nameOf(round), wordOf(round)];
  const group = `p${index}.${name}.example.com`;
  const plural = `${name}kind${index}s`;
  const kind = `K${name}${index}`;
  const shape = { group, plural, kind, kilobytes, rules: kilobytes, word };
  await client.create(crds, largeDefinition({ ...shape, versions: ['v1beta1', 'v1'] }));
  await client.when(
    `${crds}/${plural}.${group}`,
    'it is served',
    () => t.definitions.ofType(`${group}/${plural}`) !== undefined,
  );
  const rule = { apiGroups: [group], apiVersions: ['*'], resources: [plural], operations: ['CREATE', 'UPDATE'] };
  await client.create(policies, {
    metadata: { name: `policy-${name}-${index}` },
    spec: {
      matchConstraints: { resourceRules: [rule] },
      variables: [{ name: 'v', expression: `object.metadata.name + "${word}"` }],
      validations: [{ expression: `variables.v != "${word}${index}" && !object.metadata.name.matches("^${word}$")` }],
    },
  });
  await client.create(bindings, {
    metadata: { name: `policy-${name}-${index}` },
    spec: { policyName: `policy-${name}-${index}`, validationActions: ['Deny'] },
  });
  await client.create(webhooks, {
    metadata: { name: `hook-${name}-${index}` },
    webhooks: [
      {
        name: 'hook.example.com',
        // Nobody listens there.
        clientConfig: { url: `https://127.0.0.1:1/${word}` },
        rules: [rule],
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        timeoutSeconds: 1,
        admissionReviewVersions: ['v1'],
        matchConditions: [{ name: 'named', expression: `request.name != "${word}"` }],
      },
    ],
  });
  const path = `/apis/${group}/v1/namespaces/${namespace}/${plural}`;
  const owner = await client.create(path, largeObject(group, kind, `${name}-a`));
  const bad = largeObject(group, kind, `${name}-bad`);
  bad.spec.section0.max = 0;
  const { status } = await t.post(path, bad);
  if (status !== 422) throw new Error(`an object that breaks its rules got ${status}`);
  await client.patch(`${path}/${name}-a`, { metadata: { labels: { [name]: 'x' } } });
  await read(
    t.patch(
      `${path}/${name}-b?fieldManager=${name}`,
      'application/apply-patch+yaml',
      largeObject(group, kind, `${name}-b`),
    ),
  );
  await read(t.get(`/apis/${group}/v1beta1/${plural}?labelSelector=${name}`));
  await read(t.get(path, { headers: { accept: table } }));
  await client.create(`/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: {
      name: `${name}-${index}`,
      ownerReferences: [{ apiVersion: `${group}/v1`, kind, name: `${name}-a`, uid: owner.metadata.uid }],
    },
  });
  const watch = await t.watch(`${path}?watch=true&labelSelector=${name}`);
  await watch.next();
  return watch;
}

async function read(answer: Promise<Answer>): Promise<void> {
  const { status, text } = await answer;
  if (status >= 300) throw new Error(`${status} ${text.slice(0, 300)}`);
}

async function measured(): Promise<Figures> {
  for (let turn = 0; turn < 5; turn += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heapUsed, rss, replicas: queryObjects(StoreReplica, { format: 'count' }) };
}

async function stringsOfTheHeap(): Promise<string[]> {
  const chunks: Buffer[] = [];
  const stream = getHeapSnapshot();
  stream.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  await once(stream, 'end');
  return JSON.parse(Buffer.concat(chunks).toString('utf8')).strings;
}
