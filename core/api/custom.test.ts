import { describe, expect, it } from 'vitest';
import type { V1CustomResourceDefinition } from '../../generated/kubernetes.ts';
import type { KubeObject } from '../machinery/object.ts';
import { applyDefaults } from '../machinery/structure/apply-defaults.ts';
import { prune } from '../machinery/structure/prune.ts';
import { validateStructure } from '../machinery/structure/validate-structure.ts';
import { customDefinitions } from './custom.ts';
import { loadDefinitions } from './definitions.ts';
import { toTable } from './table.ts';

const crd: V1CustomResourceDefinition = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget', shortNames: ['wd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        selectableFields: [{ jsonPath: '.spec.color' }],
        additionalPrinterColumns: [
          { name: 'Color', type: 'string', jsonPath: '.spec.color' },
          { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
          { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['color'],
                properties: {
                  color: { type: 'string', enum: ['red', 'blue'] },
                  replicas: { type: 'integer', default: 1, minimum: 0 },
                  template: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: {} },
                  extra: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
      { name: 'v1beta1', served: true, storage: false, deprecated: true },
      { name: 'v1alpha1', served: false, storage: false },
    ],
  },
};

const [v1, v1beta1] = customDefinitions(crd);

function widget(): KubeObject {
  return {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      color: 'red',
      extra: { anything: [1] },
      template: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } },
    },
    status: {
      conditions: [
        { type: 'Other', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
    },
  };
}

describe('a custom resource', () => {
  it('is served in the versions that say so, and found by its names', () => {
    const definitions = loadDefinitions();
    definitions.setCustom('widgets.example.com', customDefinitions(crd));
    expect(definitions.find('example.com', 'v1', 'widgets')).toMatchObject({
      singular: 'widget',
      listKind: 'WidgetList',
    });
    expect(definitions.findKind('example.com', 'v1beta1', 'Widget')?.deprecationWarning).toBe(
      'example.com/v1beta1 Widget is deprecated',
    );
    expect(definitions.find('example.com', 'v1alpha1', 'widgets')).toBeUndefined();
    expect(definitions.ofType('example.com/widgets')?.version).toBe('v1');
  });

  it('is pruned, defaulted and validated by its schema', () => {
    const object: KubeObject & { spec?: Record<string, unknown> } = widget();
    object['spec'] = { ...(object.spec ?? {}), size: 3 };
    expect(prune(v1!.schema, object)).toEqual(['unknown field "spec.size"']);
    applyDefaults(v1!.schema, object);
    expect(object).toEqual({ ...widget(), spec: { ...(widget()['spec'] as object), replicas: 1 } });
    expect(validateStructure(v1!.schema, object)).toEqual([]);
    expect(validateStructure(v1!.schema, { ...object, spec: { replicas: -1 } }).map((each) => each.field)).toEqual([
      'spec.replicas',
      'spec.color',
    ]);
  });

  it('prints its columns', () => {
    const options = { includeObject: 'None', metadata: {}, now: new Date('2026-01-01T01:00:00Z') } as const;
    expect(toTable(v1!.columns ?? [], [widget()], options).rows[0]?.cells).toEqual(['a', 'red', 'True', null, '60m']);
    expect(toTable(v1beta1!.columns ?? [], [widget()], options).rows[0]?.cells).toEqual(['a', '60m']);
  });

  it('tells where it keeps what is selected and scaled by', () => {
    expect(v1!.selectableFields['spec.color']!(widget())).toBe('red');
    expect(v1!.scale).toEqual({ specReplicasPath: ['spec', 'replicas'], statusReplicasPath: ['status', 'replicas'] });
    expect(v1!.subresources.map((each) => each.name)).toEqual(['scale', 'status']);
  });

  it('is stored in one version', () => {
    expect(v1!.convert).toBeUndefined();
    expect(v1beta1!.convert!.toStorage({ ...widget(), apiVersion: 'example.com/v1beta1' })).toEqual(widget());
  });
});
