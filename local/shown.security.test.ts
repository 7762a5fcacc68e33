// Names that somebody else gave do nothing to the terminal that shows them.

import { describe, expect, it } from 'vitest';
import { tried } from '../test/tools/tried.ts';
import { table } from './table.ts';

describe('a table of the command line', () => {
  it('shows what would move the cursor, colour the text or turn it around as question marks', () => {
    const hostile = [
      '\u001b[2J',
      '\u001b]0;title\u0007',
      'a\rb',
      'a\nb',
      '\u009b31m',
      '\u202eevil',
      '\u2066x',
      '\u0000',
    ];
    for (const name of hostile) {
      const text = table(['NAME', 'FILE'], [[name, 'x']]);
      expect(text.split('\n')).toHaveLength(2);
      expect(text.replace('\n', '')).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      tried('names that would move a cursor');
    }
  });
});
