// What is signed is what was approved, whoever approves, denies, changes, deletes and makes anew at the same time: over the real registry,
// with two processes that sign.

import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createAuthority, type KeyPair } from '../../core/certificates/authority.ts';
import { certificateRequest } from '../../core/certificates/testing.ts';
import type { Store, Write } from '../../core/store/store.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { createCertificateSigningController } from '../../functions/controllers/certificate-signing.ts';
import { type RunningControllers, startControllers } from '../../functions/controllers/run.ts';
import { fuzzRuns } from '../tools/fuzz-runs.ts';
import { tried } from '../tools/tried.ts';

const path = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const type = 'certificates.k8s.io/certificatesigningrequests';
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const clientSigner = 'kubernetes.io/kube-apiserver-client';
const merge = 'application/merge-patch+json';
const names = ['harmless', 'admin-of-all', 'somebody', 'nobody-else'];

let authority: KeyPair;
/** In base64, by the name that they ask for. */
const requests = new Map<string, string>();
let t: TestApi;
let signers: RunningControllers[];
/** Runs once before the next commit of a request reaches the store. */
let meanwhile: (() => Promise<unknown>) | undefined;

beforeAll(async () => {
  authority = await createAuthority('test-ca', new Date('2026-01-01T00:00:00Z'));
  for (const name of names)
    requests.set(name, Buffer.from((await certificateRequest(name)).request).toString('base64'));
});

beforeEach(async () => {
  meanwhile = undefined;
  t = await openTestApi({}, { wrapStore: interfere });
  signers = [];
  await mayOnSigners('system:serviceaccount:kube-system:certificate-controller', 'sign', 'kubernetes.io/*');
});

afterEach(async () => {
  await Promise.all(signers.map((each) => each.stop()));
  await t.close();
});

function interfere(store: Store): Store {
  const commit = async (writes: readonly Write[]) => {
    if (meanwhile && writes.some((each) => each.type === type && each.op !== 'check')) {
      const run = meanwhile;
      meanwhile = undefined;
      await run();
    }
    return store.commit(writes);
  };
  return new Proxy(store, {
    get(target, property) {
      if (property === 'commit') return commit;
      // as: a store's own properties, and its methods stay its own.
      const value = target[property as keyof Store] as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** With the subresource that it takes. */
async function mayOnSigners(user: string, verb: 'approve' | 'sign', signer: string): Promise<void> {
  const apiGroups = ['certificates.k8s.io'];
  const subresource = `certificatesigningrequests/${verb === 'approve' ? 'approval' : 'status'}`;
  const rules = [
    { verbs: ['update', 'patch'], apiGroups, resources: [subresource] },
    { verbs: [verb], apiGroups, resources: ['signers'], resourceNames: [signer] },
  ];
  await t.post(`${rbac}/clusterroles`, { metadata: { name: verb }, rules });
  await t.post(`${rbac}/clusterrolebindings`, {
    metadata: { name: verb },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: verb },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  });
}

function startSigner(): RunningControllers {
  const signer = startControllers({
    store: t.store,
    identity: `signer-${signers.length}`,
    replicas: t.replicas,
    registry: t.registry,
    definitions: t.definitions,
    controllers: [createCertificateSigningController(async () => authority)],
    clock: () => t.time.now.getTime(),
    // as: Node's own timers take what they gave.
    timers: { setTimeout, clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout) },
    random: () => 0.5,
    log: () => {},
  });
  signers.push(signer);
  return signer;
}

const ask = (subject: string, name = 'a', signerName = clientSigner) =>
  t.post(path, {
    metadata: { name },
    spec: { request: requests.get(subject), signerName, usages: ['client auth'] },
  });
const read = async (name = 'a') => (await t.get(`${path}/${name}`)).body;
const decided = (object: Csr, decision: string) => ({
  ...object,
  status: { ...object.status, conditions: [...(object.status?.conditions ?? []), condition(decision)] },
});
const condition = (decision: string) => ({ type: decision, status: 'True', reason: 'R', message: 'm' });

/** As kubectl: what was read goes back with the decision. */
const decide = (object: Csr, decision: string, as?: { name: string }) =>
  t.put(`${path}/${object.metadata.name}/approval`, decided(object, decision), as && { as });
/** As a client that does not look: whatever stands there is decided. */
const decideBlindly = (decision: string, as?: { name: string }, name = 'a') =>
  t.patch(`${path}/${name}/approval`, merge, { status: { conditions: [condition(decision)] } }, as && { as });
const remakeAs = async (subject: string, name = 'a', signerName = clientSigner) => {
  await t.remove(`${path}/${name}`);
  expect((await ask(subject, name, signerName)).status).toBe(201);
};

async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await Promise.all(signers.map((each) => each.idle()));
}

interface Csr {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly spec: { readonly request: string };
  readonly status?: {
    readonly conditions?: readonly { readonly type: string }[];
    readonly certificate?: string;
  };
}

const subjectOf = (object: Csr) =>
  new X509Certificate(Buffer.from(object.status?.certificate ?? '', 'base64')).subject.replace('CN=', '');
const askedBy = (object: Csr) => names.find((name) => requests.get(name) === object.spec.request);
const typesOf = (object: Csr) => (object.status?.conditions ?? []).map((each) => each.type);

describe('an approval', () => {
  it('of one request is none of the one that takes its place before it is written', async () => {
    startSigner();
    await ask('harmless');
    const seen = await read();
    meanwhile = () => remakeAs('admin-of-all');
    expect((await decide(seen, 'Approved')).status).toBe(409);
    await settle();
    expect(await read()).toMatchObject({ spec: { request: requests.get('admin-of-all') }, status: {} });
    expect((await read()).status.certificate).toBeUndefined();
    // Nor later, with what was seen before.
    expect((await decide(seen, 'Approved')).status).toBe(409);
    tried('races of approvals and signatures', 2);
  });

  it('needs the right for the signer that is there when it is written', async () => {
    await mayOnSigners('clerk', 'approve', 'example.com/own');
    await ask('harmless', 'a', 'example.com/own');
    meanwhile = () => remakeAs('admin-of-all');
    const refused = await decideBlindly('Approved', { name: 'clerk' });
    expect(refused.status).toBe(403);
    expect(typesOf(await read())).toEqual([]);
    await remakeAs('harmless', 'a', 'example.com/own');
    expect((await decideBlindly('Approved', { name: 'clerk' })).status).toBe(200);
    tried('races of approvals and signatures');
  });

  it('changes nothing of the request, whatever comes with it', async () => {
    await ask('harmless');
    const seen = await read();
    const spec = { ...seen.spec, request: requests.get('admin-of-all'), usages: ['client auth', 'any'] };
    const answer = await t.put(`${path}/a/approval`, decided({ ...seen, spec }, 'Approved'));
    expect(answer.body.spec).toEqual(seen.spec);
    const patched = await t.patch(`${path}/a`, merge, { spec: { request: requests.get('admin-of-all') } });
    expect(patched.body.spec?.request ?? seen.spec.request).toBe(seen.spec.request);
    expect((await read()).spec).toEqual(seen.spec);
    tried('races of approvals and signatures', 2);
  });

  it('and a denial never stand together, whoever is first', async () => {
    for (const [first, second] of [
      ['Approved', 'Denied'],
      ['Denied', 'Approved'],
    ] as const) {
      await ask('harmless', first.toLowerCase());
      const name = first.toLowerCase();
      const seen = await read(name);
      meanwhile = () => decide(seen, first);
      expect((await decide(seen, second)).status).toBe(409);
      expect(typesOf(await read(name))).toEqual([first]);
      // A patch that knows nothing of the other decision would take it away.
      expect((await decideBlindly(second, undefined, name)).status).toBe(422);
      expect(typesOf(await read(name))).toEqual([first]);
      tried('races of approvals and signatures', 2);
    }
  });
});

describe('a signature', () => {
  it('that is ready when its request was replaced goes nowhere', async () => {
    const signer = startSigner();
    await ask('harmless');
    await settle();
    await decide(await read(), 'Approved');
    // The signer has signed for the one, and finds the other.
    meanwhile = () => remakeAs('admin-of-all');
    signer.wake();
    await settle();
    await expect.poll(() => meanwhile).toBeUndefined();
    await settle();
    const found = await read();
    expect(askedBy(found)).toBe('admin-of-all');
    expect(found.status.certificate).toBeUndefined();
    tried('races of approvals and signatures');
  });

  it('by two at once is one, and stays', async () => {
    await ask('harmless');
    await decide(await read(), 'Approved');
    startSigner();
    startSigner();
    await expect.poll(async () => (await read()).status.certificate).toBeDefined();
    const { certificate } = (await read()).status;
    await settle();
    expect((await read()).status.certificate).toBe(certificate);
    expect(subjectOf(await read())).toBe('harmless');
  });

  it('is of what was approved, in any order of what happens', { timeout: 120_000 }, async () => {
    startSigner();
    startSigner();
    let run = 0;
    const step = fc.record({
      what: fc.constantFrom('approve', 'approve', 'blind', 'deny', 'label', 'remake', 'remake', 'sign'),
      subject: fc.constantFrom(...names),
      together: fc.boolean(),
    });
    let steps = 0;
    let signatures = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (plan) => {
        const name = `r-${run++}`;
        expect((await ask('harmless', name)).status).toBe(201);
        const approved = new Set<string>();
        const denied = new Set<string>();
        const note = async (into: Set<string>, answer: ReturnType<typeof decide>) => {
          const { status, body } = await answer;
          if (status === 200) into.add(body.metadata.uid);
        };
        const signed: Csr[] = [];
        const look = async () => {
          const found = await t.get(`${path}/${name}`);
          if (found.body?.status?.certificate) signed.push(found.body);
          return found.status === 200 ? (found.body as Csr) : undefined;
        };
        const perform = async ({ what, subject }: (typeof plan)[number]): Promise<unknown> => {
          const seen = await look();
          switch (what) {
            case 'approve':
              return seen && note(approved, decide(seen, 'Approved'));
            case 'blind':
              return note(approved, decideBlindly('Approved', undefined, name));
            case 'deny':
              return seen && note(denied, decide(seen, 'Denied'));
            case 'label':
              return t.patch(`${path}/${name}`, merge, { metadata: { labels: { by: subject } } });
            case 'remake':
              await t.remove(`${path}/${name}`);
              return ask(subject, name);
            default:
              for (const each of signers) each.wake();
              return settle();
          }
        };
        let open: Promise<unknown>[] = [];
        for (const each of plan) {
          open.push(perform(each));
          if (!each.together) {
            await Promise.all(open);
            open = [];
          }
        }
        await Promise.all(open);
        await settle();
        await look();
        steps += plan.length;
        signatures += signed.length;
        for (const object of signed) {
          expect(approved.has(object.metadata.uid)).toBe(true);
          expect(denied.has(object.metadata.uid)).toBe(false);
          expect(typesOf(object)).toContain('Approved');
          expect(typesOf(object)).not.toContain('Denied');
          expect(subjectOf(object)).toBe(askedBy(object));
        }
      }),
      { numRuns: fuzzRuns(40) },
    );
    expect(signatures).toBeGreaterThan(0);
    tried('steps of races over certificate requests', steps);
  });
});
