// The public keys of nodes, by which they come back after a long absence: each in a Secret of kube-system that goes with its Node. In a
// Secret, since whoever may write one there may let nodes join anyhow, while many may write an annotation of a Node.

import type { Definitions } from '../../../core/api/definition.ts';
import type { KubeObject } from '../../../core/machinery/object.ts';
import type { Registry, RequestContext } from '../../../core/registry/registry.ts';

export const nodeKeyField = 'spki';
const type = 'zeroplane.dev/node-key';

/** `uid`: of the Node. */
export function nodeKeySecret(uid: string): string {
  return `node-key-${uid}`;
}

export interface NodeKeyOptions {
  readonly registry: Registry;
  readonly definitions: Definitions;
  readonly context: RequestContext;
}

/** `spki`: DER. */
export async function keepNodeKey(
  { registry, definitions, context }: NodeKeyOptions,
  node: { readonly name: string; readonly uid: string },
  spki: Buffer,
): Promise<void> {
  const definition = definitions.ofType('secrets');
  if (!definition) throw new Error('secrets are not served');
  const name = nodeKeySecret(node.uid);
  const data = { [nodeKeyField]: spki.toString('base64') };
  const made = (): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: 'kube-system',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', ...node }],
    },
    type,
    data,
  });
  await registry.modify(
    context,
    { definition, namespace: 'kube-system', name },
    {
      // as: a Secret's data is a map of base64 strings.
      build: (secret) =>
        (secret['data'] as Record<string, string> | undefined)?.[nodeKeyField] === data[nodeKeyField]
          ? undefined
          : { ...secret, data },
      otherwise: made,
    },
  );
}
