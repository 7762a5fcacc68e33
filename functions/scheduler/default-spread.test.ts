import { describe, expect, it } from 'vitest';
import { labelSelectorOf, labelSelectorString } from '../../core/machinery/labels.ts';
import { DefaultSpread } from './default-spread.ts';
import { makePod } from './testing.ts';

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
    spread.setService('default/web', { app: 'web' });
    spread.setService('default/other', { app: 'db' });
    spread.setService('default/external');
    spread.setWorkload('apps/replicasets', 'default/web-1', labelSelectorOf({ matchLabels: { hash: '1' } }));
    expect(text(spread, makePod('p', { labels: { app: 'web' } }))).toBe('app=web');
    expect(text(spread, owned('ReplicaSet', 'web-1'))).toBe('app=web,hash=1');
    expect(text(spread, owned('DaemonSet', 'web-1'))).toBe('app=web');
    expect(text(spread, makePod('p', { labels: { app: 'none' } }))).toBeUndefined();
  });

  it('follows services as they come, change and go', () => {
    const spread = new DefaultSpread();
    const pod = makePod('p', { labels: { app: 'web' } });
    expect(text(spread, pod)).toBeUndefined();
    spread.setService('default/web', { app: 'web' });
    expect(text(spread, pod)).toBe('app=web');
    spread.setService('default/web', { app: 'db' });
    expect(text(spread, pod)).toBeUndefined();
    spread.setService('default/web', { app: 'web' });
    spread.setService('default/web');
    expect(text(spread, pod)).toBeUndefined();
  });

  it('is not misled by what was asked before the workload was known', () => {
    const spread = new DefaultSpread();
    expect(text(spread, owned('StatefulSet', 'db'))).toBeUndefined();
    spread.setWorkload('apps/statefulsets', 'default/db', labelSelectorOf({ matchLabels: { app: 'web' } }));
    expect(text(spread, owned('StatefulSet', 'db'))).toBe('app=web');
  });
});
