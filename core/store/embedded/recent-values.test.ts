import { expect, it } from 'vitest';
import { RecentValues } from './recent-values.ts';

const kilobyte = 1024;
const item = (name: string, size: number, revision = 1) => ({ name, revision, value: new Uint8Array(size) });

it('forgets what came first once there are too many bytes, and holds as many as there is room for', () => {
  const values = new RecentValues(100 * kilobyte);
  const names = Array.from({ length: 5000 }, (_, i) => `n${i}`);
  for (const [i, name] of names.entries()) {
    values.set(1, item(name, kilobyte, i));
    if (i % 100 > 0 && i > 200) continue;
    const kept = names.filter((each) => values.get(1, each));
    expect(kept).toEqual(names.slice(i + 1 - kept.length, i + 1));
    expect(kept.length).toBe(Math.min(i + 1, 83));
  }
});

it('has the newest of a name, and counts what it replaced until its turn comes', () => {
  const values = new RecentValues(100 * kilobyte);
  values.set(1, item('a', 30 * kilobyte));
  values.set(1, item('b', 30 * kilobyte));
  values.set(1, item('a', 30 * kilobyte, 2));
  expect(values.get(1, 'a')).toMatchObject({ revision: 2 });
  values.set(1, item('c', 35 * kilobyte));
  expect(values.get(1, 'a')).toMatchObject({ revision: 2 });
  expect(values.get(1, 'b')).toBeDefined();
  values.set(1, item('d', 10 * kilobyte));
  expect(values.get(1, 'b')).toBeUndefined();
  values.set(1, item('huge', 101 * kilobyte));
  for (const name of ['a', 'c', 'd', 'huge']) expect(values.get(1, name)).toBeUndefined();
  values.set(1, item('e', 99 * kilobyte));
  expect(values.get(1, 'e')).toBeDefined();
});

it('keeps the names of types apart, and knows which have no value', () => {
  const values = new RecentValues(100 * kilobyte);
  values.set(1, item('a', 6));
  values.set(2, item('a', 4, 7));
  values.set(1, { name: 'a', revision: 0 });
  expect(values.get(1, 'a')).toEqual({ name: 'a', revision: 0 });
  expect(values.get(2, 'a')).toMatchObject({ revision: 7 });
  for (let i = 0; i < 500; i++) values.set(3, { name: `absent-${i}`, revision: 0 });
  expect(values.get(2, 'a')).toBeUndefined();
  values.clear();
  expect(values.get(3, 'absent-499')).toBeUndefined();
});
