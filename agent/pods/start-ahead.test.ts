import { describe, expect, it } from 'vitest';
import type { ImageInfo } from '../cri/messages.ts';
import { StartAhead } from './start-ahead.ts';
import { testContainer, testPod } from './test-pod.ts';

const found = { id: 'sha256:abc' } as ImageInfo;

function beginning(pod = testPod()) {
  const asked: string[] = [];
  const ahead = new StartAhead();
  ahead.begin(pod, {
    image: async ({ name }) => {
      asked.push(`image of ${name}`);
      return found;
    },
    files: async ({ name }, attempt) => void asked.push(`files of ${name} ${attempt}`),
  });
  return { ahead, asked };
}

describe('what is begun beside a sandbox', () => {
  it('is that of all application containers, where nothing holds them up', () => {
    const { asked } = beginning(testPod({ containers: [testContainer('a'), testContainer('b')] }));
    expect(asked).toEqual(['image of a', 'files of a 0', 'image of b', 'files of b 0']);
  });

  it('is that of the first init container alone', () => {
    const initContainers = [testContainer('first', { restartPolicy: 'Always' }), testContainer('second')];
    const { asked } = beginning(testPod({ initContainers }));
    expect(asked).toEqual(['image of first', 'files of first 0']);
  });

  it('is taken up once, and only by the first attempt', async () => {
    const { ahead } = beginning();
    await expect(ahead.take('main', 0)?.image).resolves.toBe(found);
    expect(ahead.take('main', 0)).toBeUndefined();
    expect(beginning().ahead.take('main', 1)).toBeUndefined();
    expect(beginning().ahead.take('other', 0)).toBeUndefined();
  });

  it('fails for who takes it up, and for nobody else', async () => {
    const ahead = new StartAhead();
    ahead.begin(testPod(), {
      image: () => Promise.reject(new Error('no such image')),
      files: () => Promise.reject(new Error('no space')),
    });
    await ahead.settled();
    const begun = ahead.take('main', 0);
    await expect(begun?.image).rejects.toThrow('no such image');
    await expect(begun?.files).rejects.toThrow('no space');
  });
});
