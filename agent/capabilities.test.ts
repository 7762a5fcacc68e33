import { expect, it } from 'vitest';
import { agentCapabilities, missingIn } from './capabilities.ts';

const bits = (...set: readonly number[]) =>
  `Name:\tx\nCapBnd:\t${set
    .reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n)
    .toString(16)
    .padStart(16, '0')}\n`;

it('tells which capabilities a process cannot have, by their numbers in the kernel', () => {
  expect([...missingIn('CapBnd:\t000001ffffffffff\n')]).toEqual([]);
  // CAP_SYS_RESOURCE is 24.
  expect([...missingIn('CapBnd:\t000001fffeffffff\n')]).toEqual(['SYS_RESOURCE']);
  const missing = missingIn(bits(0, 21, 40));
  expect(missing.size).toBe(38);
  for (const has of ['CHOWN', 'SYS_ADMIN', 'CHECKPOINT_RESTORE']) expect(missing.has(has)).toBe(false);
  expect([...missingIn('')]).toEqual([]);
});

it('keeps what containers get without asking', () => {
  // The default set of containerd and of Docker.
  const usual =
    'chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill audit_write';
  expect(Object.keys(agentCapabilities)).toEqual(expect.arrayContaining(usual.split(' ')));
});
