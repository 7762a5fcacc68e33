// Against DescribeInstances in the service's own form: AWS's client asks, as it does on AWS.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Ec2Server, startEc2Server } from '../../../test/aws/harness/ec2-server.ts';
import { createEc2Instances } from './ec2-instances.ts';

const id = 'i-0123456789abcdef0';
const named = (name: string, providerID?: string) => ({ name, providerID });

describe('EC2 instances', () => {
  let server: Ec2Server;
  const instances = createEc2Instances('us-east-1');
  beforeAll(async () => {
    server = await startEc2Server('127.0.0.1');
    vi.stubEnv('AWS_ENDPOINT_URL_EC2', server.url);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIATEST');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    server.instances.set(id, { state: 'running', type: 't4g.small', zone: 'us-east-1b', privateIp: '10.0.0.7' });
    server.instances.set('i-0aaaaaaa', {
      state: 'stopped',
      type: 'm7g.large',
      zone: 'us-east-1a',
      privateIp: '10.0.0.8',
      publicIp: '192.0.2.8',
    });
    server.instances.set('i-0bbbbbbb', { state: 'terminated', type: 'x', zone: 'us-east-1a', privateIp: '10.0.0.9' });
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server?.close();
  });

  it('covers nodes named for an instance, and those whose providerID is of this region', () => {
    expect(instances.covers(named(id))).toBe(true);
    expect(instances.covers(named('rack-7'))).toBe(false);
    expect(instances.covers(named('rack-7', `aws:///us-east-1b/${id}`))).toBe(true);
    expect(instances.covers(named(id, `aws:///eu-west-1b/${id}`))).toBe(false);
    expect(instances.covers(named(id, `gce:///us-east-1b/${id}`))).toBe(false);
  });

  it('tells zone, type and addresses', async () => {
    expect(await instances.find(named(id))).toEqual({
      providerID: `aws:///us-east-1b/${id}`,
      state: 'running',
      region: 'us-east-1',
      zone: 'us-east-1b',
      type: 't4g.small',
      addresses: [
        { type: 'InternalIP', address: '10.0.0.7' },
        { type: 'InternalDNS', address: 'ip-10-0-0-7.ec2.internal' },
      ],
    });
  });

  it('asks once for all that is asked at the same time; what is terminated or unknown is gone', async () => {
    const before = server.requests;
    const [stopped, terminated, unknown] = await Promise.all([
      instances.find(named('i-0aaaaaaa')),
      instances.find(named('i-0bbbbbbb')),
      instances.find(named('i-0ccccccc')),
    ]);
    expect(stopped).toMatchObject({ state: 'stopped', type: 'm7g.large' });
    expect([terminated, unknown]).toEqual([undefined, undefined]);
    expect(server.requests - before).toBe(1);
  });

  it('rejects when EC2 refuses', async () => {
    const refused = createEc2Instances('us-east-1');
    await server.close();
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    await expect(refused.find(named(id))).rejects.toThrow();
  });
});
