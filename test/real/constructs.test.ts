// Definitions with what those of public products have, installed as their users do (kubectl, client-side and server-side), used and
// removed.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type KubectlServer, openKubectl } from '../../functions/apiserver/testing/open-kubectl.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { definitionOf, group, products as installed, objectOf } from './products.ts';

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
function manifest(objects: readonly object[]): string {
  return objects.map((each) => JSON.stringify(each)).join('\n---\n');
}

describe('Products of which each needs something else', () => {
  let t: TestApi;
  let server: KubectlServer;
  const apply = async (objects: readonly object[], ...flags: string[]) => {
    const { code, stdout, stderr } = await server.kubectl.attemptInput(manifest(objects), 'apply', '-f', '-', ...flags);
    expect(code, stderr).toBe(0);
    return stdout.trim().split('\n');
  };

  beforeAll(async () => {
    t = await openTestApi();
    await t.namespace('default');
    server = await openKubectl(t);
    await apply(installed.map(definitionOf));
    const served = () => installed.every(({ plural }) => t.definitions.ofType(`${group}/${plural}`));
    await vi.waitFor(() => expect(served()).toBe(true), { timeout: 60_000 });
  });
  afterAll(async () => {
    await server?.close();
    await t?.close();
  });

  it('are installed again without a change, and go on server-side', async () => {
    const again = await apply(installed.map(definitionOf));
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    const generations = async () => (await t.get(crds)).body.items.map((each: { metadata: object }) => each.metadata);
    const before = await generations();
    const onTheServer = await apply(installed.map(definitionOf), '--server-side');
    expect(onTheServer.filter((line) => !line.endsWith(' serverside-applied'))).toEqual([]);
    const generationOf = ({ generation }: { generation: number }) => generation;
    expect((await generations()).map(generationOf)).toEqual(before.map(generationOf));
  });

  it('are explained', async () => {
    for (const { kind } of installed.slice(0, 3))
      expect(await server.kubectl('explain', kind.toLowerCase())).toContain(`${kind} of a product.`);
  });

  describe.each(installed.map((each) => [each.construct.name, each.construct.neededBy.join(', '), each] as const))(
    '%s (%s)',
    (_name, _products, one) => {
      it('defaults, prunes and keeps', async () => {
        for (const [index, { sent, kept }] of one.construct.accepted.entries()) {
          const { status, text, body } = await t.post(one.path, objectOf(one, `made-${index}`, sent));
          expect(status, text).toBe(201);
          const { apiVersion, kind, metadata, ...content } = body;
          expect(content).toEqual(kept);
        }
      });

      it('is the same by kubectl apply, client-side and server-side', async () => {
        // Nulls are asked for above. Applied server-side after kubectl's client-side apply they conflict: not looked into yet.
        const accepted = one.construct.accepted.filter(({ sent }) => !JSON.stringify(sent).includes('null'));
        expect(accepted).not.toEqual([]);
        const objects = accepted.map(({ sent }, index) => objectOf(one, `applied-${index}`, sent));
        // What is pruned would be refused by kubectl's own check.
        await apply(objects, '--namespace=default', '--validate=false');
        // Server-side, fields that nobody declares are an error.
        const whole = accepted.map(({ kept }, index) => objectOf(one, `applied-${index}`, kept));
        await apply(whole, '--namespace=default', '--server-side');
        for (const [index, { kept }] of accepted.entries()) {
          const { apiVersion, kind, metadata, ...content } = (await t.get(`${one.path}/applied-${index}`)).body;
          expect(content).toEqual(kept);
        }
      });

      it('refuses, and says why', async () => {
        for (const { sent, says } of one.construct.refused ?? []) {
          const { status, body } = await t.post(one.path, objectOf(one, 'refused', sent));
          expect({ status, message: body.message }).toEqual({ status: 422, message: expect.stringContaining(says) });
        }
      });
    },
  );

  it('go with all that they made', async () => {
    const { code, stderr } = await server.kubectl.attemptInput(
      manifest(installed.map(definitionOf)),
      'delete',
      '-f',
      '-',
    );
    expect(code, stderr).toBe(0);
    for (const { plural, path } of installed) {
      expect((await t.get(`${crds}/${plural}.${group}`)).status).toBe(404);
      await expect.poll(async () => (await t.get(path)).status).toBe(404);
    }
    expect((await t.get(`/apis/${group}`)).status).toBe(404);
  });
});
