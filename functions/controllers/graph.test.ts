import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withGraph } from './graph.ts';

it('the graph of controllers in docs/controllers.md is current: node functions/controllers/graph.ts writes it', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/controllers.md'), 'utf8');
  expect(withGraph(text)).toBe(text);
});
