import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { annotations, type RunPlan, runJob } from './job.ts';

const plan: RunPlan = {
  namespace: 'ci',
  name: 'run-a',
  key: undefined,
  pod: undefined,
  image: 'busybox',
  command: ['true'],
  cpu: undefined,
  memory: undefined,
  env: [],
  secretNames: [],
  serviceAccount: undefined,
  parallelism: 1,
  timeoutSeconds: 60,
  ttlSeconds: 60,
  upload: undefined,
  bring: [],
  helperImage: 'helper',
};
const podOf = (more: Partial<RunPlan>) => runJob({ ...plan, ...more }).spec?.template.spec;
const digestOf = (more: Partial<RunPlan>) => runJob({ ...plan, ...more }).metadata.annotations?.[annotations.plan];

describe('the Job of a run', () => {
  it('runs once, with no credentials of the cluster', () => {
    expect(runJob(plan).spec).toMatchObject({
      backoffLimit: 0,
      template: { spec: { restartPolicy: 'Never', automountServiceAccountToken: false } },
    });
    expect(podOf({ serviceAccount: 'deployer' })).not.toHaveProperty('automountServiceAccountToken');
  });

  it('waits for its Secrets when it has some', () => {
    expect(runJob(plan).spec?.suspend).toBeUndefined();
    expect(runJob({ ...plan, secretNames: ['A'] }).spec?.suspend).toBe(true);
    expect(runJob({ ...plan, upload: { digest: 'ab'.repeat(32), parts: 2 } }).spec?.suspend).toBe(true);
  });

  it('adds to a Pod of the user, and changes nothing else of it', () => {
    const spec = {
      nodeSelector: { gpu: 'yes' },
      containers: [
        { name: 'a', image: 'own', env: [{ name: 'X', value: '1' }], resources: { limits: { cpu: '1' } } },
        { name: 'b', image: 'side' },
      ],
      volumes: [{ name: 'cache', emptyDir: {} }],
    };
    const made = podOf({ pod: { spec }, image: undefined, memory: '1Gi', env: [['Y', '2']], bring: ['out'] });
    expect(made).toMatchObject({
      nodeSelector: { gpu: 'yes' },
      containers: [
        {
          image: 'own',
          command: ['true'],
          workingDir: '/workspace',
          env: [{ name: 'X' }, { name: 'Y', value: '2' }],
          resources: { requests: { memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
        },
        { name: 'b', image: 'side' },
      ],
      volumes: [{ name: 'cache' }, { name: 'zeroplane-work' }, { name: 'zeroplane-tmp' }],
    });
  });

  it('is another with another command, and the same with other files of the same names', () => {
    const files = (text: string) => ({
      upload: { digest: createHash('sha256').update(text).digest('hex'), parts: 1 },
    });
    expect(digestOf({})).toBe(digestOf({}));
    expect(digestOf({ command: ['false'] })).not.toBe(digestOf({}));
    expect(digestOf(files('a'))).toBe(digestOf(files('b')));
    expect(digestOf(files('a'))).not.toBe(digestOf({}));
  });
});
