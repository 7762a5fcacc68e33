import { describe, expect, it } from 'vitest';
import { platformErrors } from './platforms.ts';

const shared = {
  'agent/main.ts': "import { start } from './agent.ts';\nawait import('./platform/linux/linux.ts');\n",
  'agent/agent.ts': "import type { Mounts } from './mounts.ts';\nimport { pods } from './pods.ts';\n",
  'agent/pods.ts': '// Reads /proc/1 nowhere.\n',
  'agent/mounts.ts': "const table = '/proc/self/mountinfo';\n",
  'agent/platform/linux/linux.ts': "import { table } from '../../mounts.ts';\n",
  'agent/platform/windows/windows.ts': "import { pods } from '../../pods.ts';\n",
};
const errorsWith = (more: Readonly<Record<string, string>>) =>
  platformErrors(new Map(Object.entries({ ...shared, ...more })));

describe('what an agent on Windows loads', () => {
  it('is nothing of Linux where that is reached by its own platform alone, or by a type', () => {
    expect(errorsWith({})).toEqual([]);
  });

  it.each([
    ['a path', "import { table } from './mounts.ts';\n", 'agent/mounts.ts:1: a path that only Linux has'],
    ['a program', "await run('mount', ['--bind']);\n", 'agent/pods.ts:1: a program that only Linux has'],
    ['a call', 'fs.open(file, constants.O_NOFOLLOW);\n', 'agent/pods.ts:1: a call that only Linux has'],
    ['a module that is loaded late', "await import('./mounts.ts');\n", 'agent/mounts.ts:1: a path that only Linux has'],
  ])('is not %s of Linux', (_, text, error) => {
    expect(errorsWith({ 'agent/pods.ts': text })).toEqual([expect.stringContaining(error)]);
  });

  it('is not what the platform of Windows itself imports of Linux', () => {
    const text = "import { table } from '../../mounts.ts';\n";
    expect(errorsWith({ 'agent/platform/windows/windows.ts': text })).toHaveLength(1);
  });
});
