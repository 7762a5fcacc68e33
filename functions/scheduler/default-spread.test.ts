import { describe, expect, it } from 'vitest';
import { labelSelectorString } from '../../core/machinery/labels.ts';
import { DefaultSpread } from './default-spread.ts';
import { makePod } from './testing.ts';

const service = (name: string, selector?: Record<string, string>) => ({
  metadata: { name, namespace: 'default' },
  spec: { ...(selector && { selector }) },
});
const owned = (kind: string, name: string) =>
  makePod('p', {
    labels: { app: 'web', hash: '1' },
    metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind, name, uid: 'u', controller: true }] },
  });
const text = (spread: DefaultSpread, pod: Parameters<DefaultSpread['selectorFor']>[0]) => {
  const selector = spread.selectorFor(pod);
  return selector && labelSelectorString(selector);
};

describe('DefaultSpread', () => {
  it('selects by the services that select the pod, and by the workload that owns it', () => {
    const spread = new DefaultSpread();
    spread.set('services', service('web', { app: 'web' }), false);
    spread.set('services', service('other', { app: 'db' }), false);
    spread.set('services', service('external'), false);
    const set = {
      metadata: { name: 'web-1', namespace: 'default' },
      spec: { selector: { matchLabels: { hash: '1' } } },
    };
    spread.set('apps/replicasets', set as never, false);
    expect(text(spread, makePod('p', { labels: { app: 'web' } }))).toBe('app=web');
    expect(text(spread, owned('ReplicaSet', 'web-1'))).toBe('app=web,hash=1');
    expect(text(spread, owned('DaemonSet', 'web-1'))).toBe('app=web');
    expect(text(spread, makePod('p', { labels: { app: 'none' } }))).toBeUndefined();
  });

  it('follows services as they come, change and go', () => {
    const spread = new DefaultSpread();
    const pod = makePod('p', { labels: { app: 'web' } });
    expect(text(spread, pod)).toBeUndefined();
    spread.set('services', service('web', { app: 'web' }), false);
    expect(text(spread, pod)).toBe('app=web');
    spread.set('services', service('web', { app: 'db' }), false);
    expect(text(spread, pod)).toBeUndefined();
    spread.set('services', service('web', { app: 'web' }), false);
    spread.set('services', service('web', { app: 'web' }), true);
    expect(text(spread, pod)).toBeUndefined();
  });

  it('is not misled by what was asked before the workload was known', () => {
    const spread = new DefaultSpread();
    const set = {
      metadata: { name: 'db', namespace: 'default' },
      spec: { serviceName: '', template: {}, selector: { matchLabels: { app: 'web' } } },
    };
    expect(text(spread, owned('StatefulSet', 'db'))).toBeUndefined();
    spread.set('apps/statefulsets', set, false);
    expect(text(spread, owned('StatefulSet', 'db'))).toBe('app=web');
  });
});
