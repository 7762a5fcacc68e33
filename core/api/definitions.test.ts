import { describe, expect, it } from 'vitest';
import type { Schema } from '../machinery/schema.ts';
import { loadDefinitions } from './definitions.ts';
import { idOfModel, modelRows, schemaOf } from './models.ts';
import { defaults } from './tables/defaults.ts';
import { enums } from './tables/enums.ts';
import { listTypes } from './tables/list-types.ts';
import { atomicMaps, atomicModels } from './tables/map-types.ts';
import { patchMergeKeys } from './tables/patch-merge-keys.ts';
import { quantities } from './tables/quantities.ts';
import { requiredPointers, zeroThoughOptional } from './tables/zero-values.ts';

const definitions = loadDefinitions();

/** The schema at a row's key: `V1PodSpec.containers`, or a path below a kind. */
function at(key: string): Schema | undefined {
  const [model = '', ...path] = key.split('.');
  return path.reduce<Schema | undefined>((schema, field) => schema?.properties?.[field], schemaOf(model));
}

describe('the tables', () => {
  it('name only models and fields that there are', () => {
    const keys = [listTypes, patchMergeKeys, enums, defaults].flatMap(Object.keys);
    const unknown = [...keys, ...quantities, ...atomicMaps, ...zeroThoughOptional, ...requiredPointers].filter(
      (key) => at(key) === undefined,
    );
    expect(unknown).toEqual([]);
    expect([...atomicModels].filter((model) => !(model in modelRows()))).toEqual([]);
  });

  it('name only keys that the elements of a list have', () => {
    const wrong = Object.entries(listTypes).filter(([key, keys]) => {
      const element = at(key)?.items;
      return keys !== 'set' && keys.some((each) => element?.properties?.[each] === undefined);
    });
    expect(wrong).toEqual([]);
    const noKey = Object.entries(patchMergeKeys).filter(([key, row]) => {
      const mergeKey = row.split(' ')[1];
      return mergeKey !== undefined && at(key)?.items?.properties?.[mergeKey] === undefined;
    });
    expect(noKey).toEqual([]);
  });

  it('give every list that is merged by element a patch strategy that agrees', () => {
    // In these Kubernetes has no patch tag although server-side apply merges them.
    const known = ['V1ResourceClaimStatus.devices', 'V1ResourceRequirements.claims', 'V1ResourceStatus.resources'];
    const meta = (key: string) => at(key)?.items?.model?.endsWith('meta.v1.Condition');
    const lacking = Object.entries(listTypes)
      .filter(([key, keys]) => keys !== 'set' && !(key in patchMergeKeys) && !meta(key) && !key.endsWith('conditions'))
      .map(([key]) => key);
    expect(lacking.toSorted()).toEqual(known);
  });

  it('give defaults that their own enums allow', () => {
    const wrong = Object.keys(defaults).filter((key) => {
      const schema = at(key);
      return schema?.enum && !schema.enum.includes(schema.default ?? null);
    });
    expect(wrong).toEqual([]);
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
