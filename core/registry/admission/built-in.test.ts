import { describe, expect, it } from 'vitest';
import { loadDefinitions } from '../../api/definitions.ts';
import { builtInPlugins, lastPlugins } from './built-in.ts';

const late = [...builtInPlugins, ...lastPlugins].flatMap((row) => ('load' in row ? [row] : []));

describe('admission plugins that are loaded late', () => {
  it('are named with exactly the types that they want to see, so that none is missed', async () => {
    expect(late.length).toBeGreaterThan(0);
    for (const { types, load } of late) {
      const wanted = (await load()).flatMap((plugin) => plugin.types ?? ['all']);
      expect(new Set(types)).toEqual(new Set(wanted));
    }
  });

  it('are named with types that there are', () => {
    const definitions = loadDefinitions();
    const unknown = late.flatMap(({ types }) => types).filter((type) => !definitions.ofType(type));
    expect(unknown).toEqual([]);
  });
});
