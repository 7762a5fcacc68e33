import { expect, it } from 'vitest';
import { RecentValues } from './recent-values.ts';

const item = (name: string, size: number, revision = 1) => ({ name, revision, value: new Uint8Array(size) });

it('forgets what came first once there are too many bytes', () => {
  const values = new RecentValues(100);
  for (const name of ['a', 'b', 'c']) values.set(1, item(name, 40));
  expect(values.get(1, 'a')).toBeUndefined();
  expect(values.get(1, 'b')?.value).toHaveLength(40);
  values.set(1, item('b', 50, 2));
  expect(values.get(1, 'c')).toMatchObject({ revision: 1 });
  expect(values.get(1, 'b')).toMatchObject({ revision: 2 });
  values.set(1, item('huge', 101));
  for (const name of ['b', 'c', 'huge']) expect(values.get(1, name)).toBeUndefined();
  values.set(1, item('d', 100));
  expect(values.get(1, 'd')).toBeDefined();
});

it('keeps the names of types apart, and gives the room of what was deleted to others', () => {
  const values = new RecentValues(100);
  values.set(1, item('a', 60));
  values.set(2, item('a', 40, 7));
  values.delete(1, 'a');
  values.set(2, item('b', 60));
  expect(values.get(1, 'a')).toBeUndefined();
  expect(values.get(2, 'a')).toMatchObject({ revision: 7 });
  values.clear();
  expect(values.get(2, 'b')).toBeUndefined();
});
