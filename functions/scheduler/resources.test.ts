import { describe, expect, it } from 'vitest';
import { podRequests, scoredRequests, toResources } from './resources.ts';

const container = (cpu: string, more: object = {}) => ({ name: 'c', resources: { requests: { cpu } }, ...more });

describe('podRequests', () => {
  it('adds what runs together', () => {
    expect(podRequests({ containers: [container('1'), container('500m')] })).toEqual({ cpu: 1500 });
  });

  it('takes the largest init container instead, when that is more', () => {
    const initContainers = [container('3'), container('1')];
    expect(podRequests({ containers: [container('1')], initContainers })).toEqual({ cpu: 3000 });
  });

  it('counts sidecars beside the containers, and beside the init containers that start after them', () => {
    const sidecar = container('1', { restartPolicy: 'Always' });
    expect(podRequests({ containers: [container('1')], initContainers: [sidecar] })).toEqual({ cpu: 2000 });
    expect(podRequests({ containers: [container('1')], initContainers: [sidecar, container('3')] })).toEqual({
      cpu: 4000,
    });
    expect(podRequests({ containers: [container('1')], initContainers: [container('3'), sidecar] })).toEqual({
      cpu: 3000,
    });
  });

  it('takes pod-level resources for those that they name, and adds overhead', () => {
    const containers = [{ name: 'c', resources: { requests: { cpu: '1', memory: '1Gi' } } }];
    expect(podRequests({ containers, resources: { requests: { cpu: '2' } }, overhead: { cpu: '100m' } })).toEqual({
      cpu: 2100,
      memory: 2 ** 30,
    });
  });
});

describe('scoredRequests', () => {
  it('assumes a little for containers that ask for nothing', () => {
    expect(scoredRequests({ containers: [{ name: 'c' }, container('1')] })).toEqual({
      cpu: 1100,
      memory: 400 * 2 ** 20,
    });
  });
});

describe('toResources', () => {
  it('counts cpu in millicores and the rest in units, rounded up', () => {
    expect(toResources({ cpu: '0.1', memory: '1500m', 'example.com/gpu': '2' })).toEqual({
      cpu: 100,
      memory: 2,
      'example.com/gpu': 2,
    });
  });
});
