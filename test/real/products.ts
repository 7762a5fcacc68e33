// Each construct as a product that brings it: a definition of its own, and objects.

import { type Construct, constructs } from './constructs.ts';

export const group = 'real.example.com';

export interface Product {
  readonly construct: Construct;
  readonly plural: string;
  readonly kind: string;
  /** Of its objects in the namespace `default`. */
  readonly path: string;
}

export const products: readonly Product[] = constructs.map((construct, index) => {
  const plural = `construct${index}s`;
  return { construct, plural, kind: `Construct${index}`, path: `/apis/${group}/v1/namespaces/default/${plural}` };
});

export function definitionOf({ construct: { properties, root, spec }, plural, kind }: Product) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { description: `${kind} of a product.`, type: 'object', properties, ...root } },
        },
      ],
      ...spec,
    },
  };
}

export function objectOf({ kind }: Product, name: string, content: object) {
  return { apiVersion: `${group}/v1`, kind, metadata: { name }, ...content };
}
