import { expect, it } from 'vitest';
import { GrpcError, grpcCodes } from '../../cri/grpc.ts';
import { cgroupDrivers } from '../../cri/messages.ts';
import { checkCgroups } from './runtime.ts';

const saying = (cgroupDriver: number) => ({ runtimeConfig: async () => ({ linux: { cgroupDriver } }) });
const failing = (code: number) => ({
  runtimeConfig: async (): Promise<never> => {
    throw new GrpcError(code, 'RuntimeConfig', 'no');
  },
});

it('takes a runtime with plain cgroups, and one that does not say which it has', async () => {
  await checkCgroups(saying(cgroupDrivers.cgroupfs), 'cri-o');
  await checkCgroups({ runtimeConfig: async () => ({ linux: undefined }) }, 'windows');
  await checkCgroups(failing(grpcCodes.unimplemented), 'containerd');
});

it('refuses one that has them made by systemd, with what to set, and one that does not answer', async () => {
  await expect(checkCgroups(saying(cgroupDrivers.systemd), 'cri-o')).rejects.toThrow(
    'the runtime cri-o has cgroups made by systemd: set cgroup_manager = "cgroupfs" (CRI-O)',
  );
  await expect(checkCgroups(failing(grpcCodes.unavailable), 'cri-o')).rejects.toThrow('no');
});
