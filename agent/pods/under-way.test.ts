import { expect, it } from 'vitest';
import type { V1ContainerState, V1PodStatus } from '../../generated/kubernetes.ts';
import { isUnderWay } from './under-way.ts';

const container = (state: V1ContainerState) => ({
  name: 'main',
  image: '',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
});
const waiting = (reason: string, message?: string) =>
  container({ waiting: { reason, ...(message !== undefined && { message }) } });

it.each<[boolean, string, V1PodStatus]>([
  [true, 'is being made', { phase: 'Pending', containerStatuses: [waiting('ContainerCreating')] }],
  [
    true,
    'waits for its init containers, which are being made',
    {
      phase: 'Pending',
      initContainerStatuses: [waiting('PodInitializing')],
      containerStatuses: [waiting('PodInitializing')],
    },
  ],
  [false, 'has no image', { phase: 'Pending', containerStatuses: [waiting('ErrImagePull', 'not found')] }],
  [false, 'runs', { phase: 'Running', containerStatuses: [container({ running: {} })] }],
  [
    false,
    'has begun with its init containers',
    {
      phase: 'Pending',
      initContainerStatuses: [container({ running: {} })],
      containerStatuses: [waiting('PodInitializing')],
    },
  ],
  [false, 'was ended', { phase: 'Failed', reason: 'Evicted', containerStatuses: [waiting('ContainerCreating')] }],
  [
    false,
    'has ended before',
    {
      phase: 'Pending',
      containerStatuses: [{ ...waiting('ContainerCreating'), lastState: { terminated: { exitCode: 1 } } }],
    },
  ],
])('says %s of a pod that %s', (expected, _, status) => {
  expect(isUnderWay(status)).toBe(expected);
});
