import { expect, it } from 'vitest';
import { openAuditLines } from './audit-lines.ts';

function open() {
  const written: string[] = [];
  return { written, lines: openAuditLines((text) => void written.push(text)) };
}

it('writes the lines of one turn of the event loop together, in their order', async () => {
  const { written, lines } = open();
  lines.write('a');
  lines.write('b');
  expect(written).toEqual([]);
  await expect.poll(() => written).toEqual(['a\nb\n']);
  lines.write('c');
  await expect.poll(() => written).toEqual(['a\nb\n', 'c\n']);
});

it('writes what waits when it is told to, once', async () => {
  const { written, lines } = open();
  lines.write('a');
  lines.flush();
  lines.flush();
  expect(written).toEqual(['a\n']);
  lines.write('b');
  await expect.poll(() => written).toEqual(['a\n', 'b\n']);
});

it('lets no more wait than fits', () => {
  const { written, lines } = open();
  for (let index = 0; index < 5; index += 1) lines.write(String(index).repeat(100_000));
  expect(written).toHaveLength(1);
  lines.flush();
  expect(
    written
      .join('')
      .split('\n')
      .map((line) => line[0]),
  ).toEqual(['0', '1', '2', '3', '4', undefined]);
});
