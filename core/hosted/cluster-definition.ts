// The definition of Clusters, which the cluster that hosts them serves.

import type { V1CustomResourceDefinition } from '../../generated/kubernetes.ts';
import { clusterGroup } from './cluster-type.ts';

const text = (description: string) => ({ type: 'string', description });

export const clusterDefinition: V1CustomResourceDefinition & { metadata: { name: string } } = {
  metadata: { name: `clusters.${clusterGroup}` },
  spec: {
    group: clusterGroup,
    scope: 'Cluster',
    names: { plural: 'clusters', singular: 'cluster', kind: 'Cluster', listKind: 'ClusterList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        additionalPrinterColumns: [
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'State', type: 'string', jsonPath: '.status.state' },
          { name: 'TTL', type: 'integer', jsonPath: '.spec.ttlSeconds' },
          { name: 'From', type: 'string', jsonPath: '.spec.from', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: 'A cluster of its own beside this one, at the path /clusters/NAME of its API server.',
            properties: {
              spec: {
                type: 'object',
                properties: {
                  ttlSeconds: {
                    type: 'integer',
                    format: 'int64',
                    minimum: 1,
                    maximum: 315_360_000,
                    description:
                      'How long after its creation it is deleted. Without it, it stays until somebody deletes it.',
                  },
                  from: {
                    ...text(
                      "A cluster beside it, whose objects it begins with. Its author must be that one's administrator.",
                    ),
                    maxLength: 40,
                  },
                },
              },
              status: {
                type: 'object',
                properties: {
                  path: text('Where it is served, below the URL of this API server.'),
                  state: text('Idle: nothing of it is in memory. Running: it answers, or has something to do.'),
                  expirationTimestamp: { ...text('When it is deleted.'), format: 'date-time' },
                  storedBytes: {
                    type: 'integer',
                    format: 'int64',
                    description: 'Of its store, when it was last looked at.',
                  },
                  storedObjects: {
                    type: 'integer',
                    format: 'int64',
                    description: 'In its store, when it was last looked at, where objects are counted.',
                  },
                  conditions: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['type'],
                    items: {
                      type: 'object',
                      required: ['type', 'status'],
                      properties: {
                        type: { type: 'string' },
                        status: { type: 'string' },
                        reason: { type: 'string' },
                        message: { type: 'string' },
                        lastTransitionTime: { type: 'string', format: 'date-time' },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
};
