import { describe, expect, it } from 'vitest';
import { deepClone } from '../equality.ts';
import type { KubeObject, ManagedFieldsEntry } from '../object.ts';
import { deploymentSchema } from '../test-schema.ts';
import { defaultManager, type TrackRequest, trackUpdate } from './track.ts';

const early = '2026-01-01T00:00:00Z';
const late = '2026-01-02T00:00:00Z';

function deployment(spec: object, managedFields?: ManagedFieldsEntry[]): KubeObject {
  return {
    metadata: { name: 'web', uid: '1', resourceVersion: '7', generation: 1, ...(managedFields && { managedFields }) },
    spec,
  };
}

function track(
  live: KubeObject | undefined,
  object: KubeObject,
  options: Partial<TrackRequest> = {},
): ManagedFieldsEntry[] {
  return trackUpdate({
    schema: deploymentSchema,
    live,
    object,
    manager: 'u',
    apiVersion: 'apps/v1',
    time: late,
    ...options,
  });
}

function entry(fieldsV1: ManagedFieldsEntry['fieldsV1'], rest: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry {
  return {
    manager: 'u',
    operation: 'Update',
    apiVersion: 'apps/v1',
    time: early,
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1!,
    ...rest,
  };
}

describe('tracking of updates', () => {
  it('gives a new object to its creator, with the structures that were added', () => {
    const object = deployment({
      replicas: 1,
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', resources: {}, ports: [{ containerPort: 80 }] }] },
      },
    });
    expect(track(undefined, object)).toEqual([
      entry(
        {
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:metadata': { 'f:labels': { '.': {}, 'f:a': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"c"}': {
                    '.': {},
                    'f:name': {},
                    'f:ports': {
                      '.': {},
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                    },
                    'f:resources': {},
                  },
                },
              },
            },
          },
        },
        { time: late },
      ),
    ]);
  });

  it('keeps an entry, with its time, when nothing changed', () => {
    const entries = [entry({ 'f:spec': { 'f:replicas': {} } })];
    const result = track(deployment({ replicas: 1 }, entries), deployment({ replicas: 1 }));
    expect(result).toEqual(entries);
    expect(result[0]).toBe(entries[0]);
  });

  it('moves a changed field to who changed it, and drops managers that have none left', () => {
    const live = deployment({ replicas: 1, paused: true }, [
      entry({ 'f:spec': { 'f:replicas': {} } }, { manager: 'x' }),
      entry({ 'f:spec': { 'f:paused': {}, 'f:replicas': {} } }, { manager: 'y', operation: 'Apply' }),
    ]);
    expect(track(live, deployment({ replicas: 2, paused: true }))).toEqual([
      entry({ 'f:spec': { 'f:paused': {} } }, { manager: 'y', operation: 'Apply' }),
      entry({ 'f:spec': { 'f:replicas': {} } }, { time: late }),
    ]);
  });

  it('takes a removed field, and all below it, from everybody', () => {
    const template = { spec: { containers: [{ name: 'c', image: 'i' }] } };
    const live = deployment({ replicas: 1, template }, track(undefined, deployment({ replicas: 1, template })));
    const kept = deployment({ replicas: 1, template: { spec: { containers: [] } } });
    expect(track(live, kept)[0]?.fieldsV1).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('adds to the fields that a manager had, under a new time', () => {
    const live = deployment({ replicas: 1 }, [entry({ 'f:spec': { 'f:replicas': {} } })]);
    expect(track(live, deployment({ replicas: 1, paused: true }))).toEqual([
      entry({ 'f:spec': { 'f:paused': {}, 'f:replicas': {} } }, { time: late }),
    ]);
  });

  it('keeps managers of a subresource apart', () => {
    const live = deployment({ replicas: 1 }, [entry({ 'f:spec': { 'f:replicas': {} } })]);
    const result = track(live, { ...live, status: { replicas: 1 } }, { subresource: 'status' });
    expect(result.map((each) => each.subresource)).toEqual([undefined, 'status']);
  });

  it('forgets all managers on request, and then tracks nothing until an apply', () => {
    const live = deployment({ replicas: 1 }, [entry({ 'f:spec': { 'f:replicas': {} } })]);
    expect(track(live, deployment({ replicas: 2 }, [{}]))).toEqual([]);
    expect(track(deployment({ replicas: 1 }), deployment({ replicas: 2 }))).toEqual([]);
  });

  it('keeps the stored entries when the client sends none, or invalid ones', () => {
    const entries = [entry({ 'f:spec': { 'f:replicas': {} } })];
    const live = deployment({ replicas: 1 }, entries);
    expect(track(live, deployment({ replicas: 1 }, []))).toEqual(entries);
    expect(track(live, deployment({ replicas: 1 }, [entry({ 'x:spec': {} })]))).toEqual(entries);
    expect(track(live, deployment({ replicas: 1 }, deepClone(entries)))[0]).toBe(entries[0]);
  });

  it('takes entries that the client changed', () => {
    const live = deployment({ replicas: 1 }, [entry({ 'f:spec': { 'f:replicas': {} } })]);
    const mine = entry({ 'f:spec': { 'f:replicas': { '.': {} } } }, { manager: 'z' });
    expect(track(live, deployment({ replicas: 1 }, [mine]))).toEqual([
      entry({ 'f:spec': { 'f:replicas': {} } }, { manager: 'z' }),
    ]);
  });

  it('joins the oldest updaters when there are more than ten', () => {
    let live = deployment({ replicas: 0, template: { metadata: { labels: {} } } });
    live.metadata.managedFields = track(undefined, live, { manager: 'm0' });
    for (let i = 1; i <= 15; i++) {
      const labels = Object.fromEntries(Array.from({ length: i }, (_, n) => [`l${n}`, 'x']));
      const object = deployment({ replicas: 0, template: { metadata: { labels } } });
      const time = new Date(Date.UTC(2026, 1, 1, 0, 0, i)).toISOString();
      live = {
        ...object,
        metadata: { ...object.metadata, managedFields: track(live, object, { manager: `m${i}`, time }) },
      };
    }
    const entries = live.metadata.managedFields!;
    expect(entries).toHaveLength(10);
    expect(entries.map((each) => each.manager)).toContain('ancient-changes');
    expect(JSON.stringify(entries).match(/f:l\d+/g)).toHaveLength(15);
  });

  it('ignores what the server writes into metadata', () => {
    const live = deployment({ replicas: 1 }, [entry({ 'f:spec': { 'f:replicas': {} } })]);
    const object = {
      ...live,
      metadata: { ...live.metadata, resourceVersion: '9', generation: 2, creationTimestamp: late },
    };
    expect(track(live, object)).toEqual(live.metadata.managedFields);
  });

  it('takes names of methods for names', () => {
    const labels = JSON.parse('{"constructor": "x", "__proto__": "y"}');
    const object = (metadata: object) => ({ metadata: { name: 'web', ...metadata } });
    const managedFields = track(undefined, object({ labels }));
    expect(Object.keys(managedFields[0]!.fieldsV1!['f:metadata'] as object)).toEqual(['f:labels']);
    expect(JSON.stringify(managedFields)).toContain('"f:labels":{".":{},"f:__proto__":{},"f:constructor":{}}');
    expect(track(object({ labels, managedFields }), object({ labels: {} }))[0]?.fieldsV1).toEqual({
      'f:metadata': { 'f:labels': {} },
    });
  });

  it('names a manager after the user agent', () => {
    expect(defaultManager('kubectl/v1.36.0 (linux/amd64)')).toBe('kubectl');
  });
});
