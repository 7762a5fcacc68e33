import { describe, expect, it } from 'vitest';
import { run, tryRun } from './run.ts';

describe('a program', () => {
  it('gives what it printed, with the environment that it is given and nothing to read', async () => {
    const shell = ['-c', 'cat; echo "$GREETING"; echo aside >&2'];
    const ended = await run('sh', shell, { environment: { GREETING: 'hello' } });
    expect(ended).toEqual({ code: 0, stdout: 'hello\n', stderr: 'aside\n' });
  });

  it('fails with its code, its signal, or that it is not there', async () => {
    await expect(run('sh', ['-c', 'echo no >&2; exit 3'])).rejects.toMatchObject({ code: 3, stderr: 'no\n' });
    expect(await tryRun('sleep', ['60'], { timeoutMs: 50 })).toMatchObject({ code: 'SIGTERM' });
    await expect(run('no-such-program', [])).rejects.toThrow('no-such-program is not installed');
  });
});
