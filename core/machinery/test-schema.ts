// A Deployment's schema with one of each structure that merging knows, for the tests of this folder.

import type { Schema } from './schema.ts';

const string: Schema = { type: 'string' };
const integer: Schema = { type: 'integer' };
const strings: Schema = { type: 'object', additionalProperties: string };

const container: Schema = {
  type: 'object',
  required: ['name'],
  properties: {
    name: string,
    image: string,
    command: { type: 'array', items: string, 'x-kubernetes-list-type': 'atomic' },
    resources: { type: 'object', properties: { limits: strings, requests: strings } },
    securityContext: { type: 'object', properties: { runAsUser: integer } },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'containerPort',
      items: {
        type: 'object',
        properties: { containerPort: integer, protocol: { type: 'string', default: 'TCP' }, name: string },
      },
    },
  },
};

const volume: Schema = {
  type: 'object',
  properties: {
    name: string,
    emptyDir: { type: 'object', properties: { medium: string } },
    hostPath: { type: 'object', properties: { path: string } },
  },
};

function namedList(items: Schema, strategy = 'merge'): Schema {
  return {
    type: 'array',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
    'x-kubernetes-patch-strategy': strategy,
    'x-kubernetes-patch-merge-key': 'name',
    items,
  };
}

const metadata: Schema = {
  type: 'object',
  properties: {
    name: string,
    namespace: string,
    labels: strings,
    annotations: strings,
    finalizers: {
      type: 'array',
      items: string,
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
  },
};

const podSpec: Schema = {
  type: 'object',
  required: ['containers'],
  properties: {
    containers: namedList(container),
    volumes: namedList(volume, 'merge,retainKeys'),
    nodeSelector: { ...strings, 'x-kubernetes-map-type': 'atomic' },
    tolerations: {
      type: 'array',
      'x-kubernetes-list-type': 'atomic',
      items: { type: 'object', properties: { key: string, operator: string } },
    },
  },
};

export const deploymentSchema: Schema = {
  type: 'object',
  properties: {
    apiVersion: string,
    kind: string,
    metadata,
    spec: {
      type: 'object',
      required: ['selector', 'template'],
      properties: {
        replicas: integer,
        paused: { type: 'boolean' },
        selector: { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { matchLabels: strings } },
        strategy: {
          type: 'object',
          'x-kubernetes-patch-strategy': 'retainKeys',
          properties: { type: string, rollingUpdate: { type: 'object', properties: { maxSurge: {} } } },
        },
        template: { type: 'object', properties: { metadata, spec: podSpec } },
      },
    },
    status: { type: 'object', properties: { replicas: integer } },
  },
};
