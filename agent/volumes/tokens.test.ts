import { describe, expect, it } from 'vitest';
import { testPod } from '../pods/test-pod.ts';
import { createTokenSource } from './tokens.ts';

function source() {
  const state = { now: 0, issued: 0, away: false };
  const tokens = createTokenSource(
    async (_, audience, seconds) => {
      if (state.away) throw new Error('away');
      state.issued += 1;
      return { token: `${audience ?? 'api'} ${state.issued}`, expiresAt: state.now + seconds * 1000 };
    },
    () => state.now,
  );
  return { state, tokens };
}

describe('createTokenSource', () => {
  it('hands out one token until 80% of its life have passed', async () => {
    const { state, tokens } = source();
    const get = () => tokens.token(testPod(), undefined, 1000);
    expect(await get()).toBe('api 1');
    state.now = 799_000;
    expect(await get()).toBe('api 1');
    state.now = 800_000;
    expect(await get()).toBe('api 2');
  });

  it('keeps tokens of different audiences apart', async () => {
    const { tokens } = source();
    expect(await tokens.token(testPod(), 'vault', 1000)).toBe('vault 1');
    expect(await tokens.token(testPod(), undefined, 1000)).toBe('api 2');
  });

  it('goes on with a token that still works while the control plane is away', async () => {
    const { state, tokens } = source();
    await tokens.token(testPod(), undefined, 1000);
    state.away = true;
    state.now = 900_000;
    expect(await tokens.token(testPod(), undefined, 1000)).toBe('api 1');
    state.now = 1_000_001;
    await expect(tokens.token(testPod(), undefined, 1000)).rejects.toThrow('away');
  });
});
