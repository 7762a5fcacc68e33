import { describe, expect, it } from 'vitest';
import { createEventFilter } from './event-filter.ts';

const event = (uid: string, message: string, reason = 'Unhealthy') => ({
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'default', name: uid, uid },
  type: 'Warning' as const,
  reason,
  message,
  time: '',
});

describe('Events of one object', () => {
  it('are some at once and one each five minutes after, whatever happens each second, and never in the way of news', () => {
    const filter = createEventFilter();
    const hour = Array.from({ length: 3600 }, (_, second) => filter.admit(event('a', 'probe failed'), second * 1000));
    expect(hour.filter(Boolean)).toHaveLength(15 + 11);
    expect(hour.slice(0, 15).every(Boolean)).toBe(true);
    expect(filter.admit(event('a', 'Stopping container', 'Killing'), 3_600_000)).toBeDefined();
    // Another object has its own.
    expect(filter.admit(event('b', 'probe failed'), 3_600_000)).toBeDefined();
  });

  it('are 25 at once when all of them are news, and then none', () => {
    const filter = createEventFilter();
    const news = Array.from({ length: 30 }, (_, i) => filter.admit(event('a', 'x', `Reason${i}`), 0));
    expect(news.map(Boolean)).toEqual(Array.from({ length: 30 }, (_, i) => i < 25));
  });

  it('are sent under one text after ten that differ in nothing else, until nothing was said for ten minutes', () => {
    const filter = createEventFilter();
    const texts = Array.from({ length: 12 }, (_, i) => filter.admit(event('a', `port ${i}`), i)?.message);
    expect(texts.slice(0, 10)).toEqual(Array.from({ length: 10 }, (_, i) => `port ${i}`));
    expect(texts.slice(10)).toEqual(['port 10', 'port 11'].map((text) => `(combined from similar events): ${text}`));
    expect(filter.admit(event('a', 'port 3'), 12)?.message).toBe('port 3');
    expect(filter.admit(event('a', 'port 12', 'Other'), 12)?.message).toBe('port 12');
    expect(filter.admit(event('a', 'port 13'), 13 + 600_001)?.message).toBe('port 13');
  });

  it('are forgotten of objects that said nothing for longest, not without end', () => {
    const filter = createEventFilter();
    for (let i = 0; i < 25; i += 1) filter.admit(event('a', 'x', `Reason${i}`), 0);
    expect(filter.admit(event('a', 'x'), 0)).toBeUndefined();
    for (let i = 0; i < 4096; i += 1) filter.admit(event(`o${i}`, 'x'), 0);
    expect(filter.admit(event('a', 'x'), 0)).toBeDefined();
    expect(filter.admit(event('o4095', 'x'), 0)).toBeDefined();
  });
});
