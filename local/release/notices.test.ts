import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import own from '../../package.json' with { type: 'json' };
import { bundledPackages, thirdPartyNotices } from './notices.ts';

const root = join(import.meta.dirname, '../..');

describe('notices of third parties', () => {
  it('name every package that a program may contain, with its licence', () => {
    const text = thirdPartyNotices(root);
    for (const name of Object.keys(own.dependencies))
      expect(text).toMatch(new RegExp(`^${name} [0-9.]+ \\(.+\\)$`, 'm'));
    expect(bundledPackages(root).length).toBeGreaterThan(Object.keys(own.dependencies).length);
    expect(text).toContain('Apache License');
    expect(text).toContain('Permission is hereby granted, free of charge');
  });

  it('are refused for a package without one', () => {
    expect(() => thirdPartyNotices(root, ['node_modules/nobody'])).toThrow('node_modules/nobody names no licence');
  });
});
