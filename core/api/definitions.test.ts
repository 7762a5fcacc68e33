import { describe, expect, it } from 'vitest';
import type { Schema } from '../machinery/schema.ts';
import { loadDefinitions } from './definitions.ts';
import type { RowFacts } from './model-row.ts';
import { idOfModel, modelRows, schemaOf } from './models.ts';

const definitions = loadDefinitions();

/** All that is known of fields, with their schemas. */
const known: { key: string; facts: RowFacts; schema: Schema | undefined }[] = Object.entries(modelRows()).flatMap(
  ([id, { facts = {} }]) =>
    Object.entries(facts).map(([field, each]) => ({
      key: `${id}.${field}`,
      facts: each,
      schema: schemaOf(id).properties?.[field],
    })),
);

describe('what is known of fields', () => {
  it('is of fields that there are', () => {
    expect(known.length).toBeGreaterThan(300);
    expect(known.filter(({ schema }) => schema === undefined)).toEqual([]);
  });

  it('names only keys that the elements of a list have', () => {
    const lacks = (schema: Schema | undefined, key: string | undefined) =>
      key !== undefined && schema?.items?.properties?.[key] === undefined;
    const wrong = known.filter(({ facts: { list, patch }, schema }) =>
      [...(Array.isArray(list) ? list : []), patch?.key].some((key) => lacks(schema, key)),
    );
    expect(wrong).toEqual([]);
  });

  it('gives every list of a stable version that is merged by element a patch strategy that agrees', () => {
    // In these Kubernetes has no patch tag although server-side apply merges them, as in most that are younger.
    const untagged = ['V1ResourceClaimStatus.devices', 'V1ResourceRequirements.claims', 'V1ResourceStatus.resources'];
    const lacking = known
      .filter(({ key }) => /^V\d+[A-Z]/.test(key) && !key.endsWith('conditions'))
      .filter(({ facts: { list, patch } }) => Array.isArray(list) && !patch)
      .map(({ key }) => key);
    expect(lacking.toSorted()).toEqual(untagged);
  });

  it('has only defaults that their own enums allow', () => {
    const wrong = known.filter(({ schema }) => schema?.enum && schema.default && !schema.enum.includes(schema.default));
    expect(wrong).toEqual([]);
  });

  it('takes 0 for unset only where Go cannot tell it from absent', () => {
    const rows = Object.entries(modelRows()).filter(([, { zeroIsUnset }]) => zeroIsUnset);
    expect(rows.map(([id]) => id)).toEqual(['V1FlowSchemaSpec', 'V1Probe', 'V1QueuingConfiguration']);
  });

  it('has defaults of shared structs where one kind alone sets them', () => {
    const field = (model: string) => schemaOf(model).properties?.['spec']?.properties?.['enableServiceLinks']?.default;
    expect([field('V1Pod'), field('V1PodTemplateSpec')]).toEqual([true, undefined]);
  });
});

describe('definitions', () => {
  it('have no short name twice', () => {
    const names = definitions.all().flatMap((each) => each.shortNames.map((name) => `${name} ${each.resource}`));
    const owners = Map.groupBy(new Set(names), (each) => each.split(' ')[0]);
    expect([...owners].filter(([, all]) => all.length > 1)).toEqual([]);
  });

  it('share models, and end where a model refers to itself', () => {
    const pods = definitions.find('', 'v1', 'pods')!.schema.properties!['spec']!.properties!['containers'];
    const templates = definitions.find('apps', 'v1', 'deployments')!.schema.properties!['spec']!.properties![
      'template'
    ];
    expect(templates?.properties?.['spec']?.properties?.['containers']).toBe(pods);
    const props = schemaOf('V1JSONSchemaProps');
    expect(props.properties?.['not']?.properties).toBe(props.properties);
    expect(idOfModel('io.k8s.api.core.v1.Pod')).toBe('V1Pod');
  });

  it('keep events in one log under two names', async () => {
    const { type, convert } = definitions.find('events.k8s.io', 'v1', 'events')!;
    expect(type).toBe('events');
    expect(definitions.ofType('events')?.group).toBe('');
    const event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'e' },
      regarding: { kind: 'Pod', name: 'p' },
      note: 'Started',
      reportingController: 'kubelet',
    };
    const stored = await convert!.toStorage(event);
    expect(stored).toEqual({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'p' },
      message: 'Started',
      reportingComponent: 'kubelet',
    });
    expect(await convert!.fromStorage(stored)).toEqual(event);
  });

  it('lose nothing of an autoscaler that is read and written in v1', async () => {
    const { convert } = definitions.find('autoscaling', 'v1', 'horizontalpodautoscalers')!;
    const stored = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h', annotations: { own: 'kept' } },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'web' },
        maxReplicas: 5,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
          { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
      },
    };
    const inV1 = await convert!.fromStorage(stored);
    expect(inV1['spec']).toEqual({
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
      maxReplicas: 5,
      targetCPUUtilizationPercentage: 60,
    });
    expect(await convert!.toStorage(inV1)).toEqual(stored);
  });

  it('store an autoscaler of v1 that names no target with the default one', async () => {
    const { convert } = definitions.find('autoscaling', 'v1', 'horizontalpodautoscalers')!;
    const bare = {
      metadata: { name: 'h' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 5 },
    };
    const inV1 = await convert!.fromStorage(await convert!.toStorage(bare));
    expect(inV1['spec']).toEqual({ ...bare.spec, targetCPUUtilizationPercentage: 80 });
  });

  it('read selectable fields, with Go’s zero value for what is absent', () => {
    const { selectableFields: ofNodes } = definitions.find('', 'v1', 'nodes')!;
    expect(ofNodes['spec.unschedulable']!({ metadata: {} })).toBe('false');
    const { selectableFields: ofPods } = definitions.find('', 'v1', 'pods')!;
    expect(ofPods['spec.nodeName']!({ metadata: {}, spec: { nodeName: 'n1' } })).toBe('n1');
    expect(ofPods['status.phase']!({ metadata: {} })).toBe('');
  });
});
