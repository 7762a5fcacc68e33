import { describe, expect, it } from 'vitest';
import { encode, type Input, type Message } from '../cri/wire.ts';
import { csiMethods } from './messages.ts';

/** Field number -> what was written there, as text; all fields here are texts, maps, flags, numbers below 128 and messages. */
function fieldsOf(bytes: Uint8Array): [number, string | number][] {
  const found: [number, string | number][] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const value = bytes[at + 1] ?? 0;
    at += 2;
    if ((tag & 7) === 0) found.push([tag >> 3, value]);
    else {
      found.push([tag >> 3, Buffer.from(bytes.subarray(at, at + value)).toString('latin1')]);
      at += value;
    }
  }
  return found;
}
const sent = <Req extends Message>({ request }: { readonly request: Req }, value: Input<Req>) =>
  fieldsOf(encode(request, value));
/** A map's entry. */
const entry = '\n\x01k\x12\x01v';
const map = { k: 'v' };
const block = { block: {}, accessMode: { mode: 1 } };
const blockText = '\n\x00\x1a\x02\x08\x01';

/** The numbers of csi.proto, csi.v1 (CSI 1.12). */
describe('what a CSI driver reads', () => {
  it('of a volume to stage', () => {
    const { nodeStageVolume } = csiMethods;
    expect(
      sent(nodeStageVolume, {
        ...{ volumeId: 'id', publishContext: map, stagingTargetPath: '/s', volumeCapability: block },
        ...{ secrets: map, volumeContext: map },
      }),
    ).toEqual([
      [1, 'id'],
      [2, entry],
      [3, '/s'],
      [4, blockText],
      [5, entry],
      [6, entry],
    ]);
  });

  it('of one to publish', () => {
    const { nodePublishVolume } = csiMethods;
    expect(
      sent(nodePublishVolume, {
        ...{ volumeId: 'id', publishContext: map, stagingTargetPath: '/s', targetPath: '/t', readonly: true },
        ...{ volumeCapability: block, secrets: map, volumeContext: map },
      }),
    ).toEqual([
      [1, 'id'],
      [2, entry],
      [3, '/s'],
      [4, '/t'],
      [5, blockText],
      [6, 1],
      [7, entry],
      [8, entry],
    ]);
  });

  it('of one to grow', () => {
    const { nodeExpandVolume } = csiMethods;
    expect(
      sent(nodeExpandVolume, {
        ...{ volumeId: 'id', volumePath: '/p', capacityRange: { requiredBytes: 9, limitBytes: 10 } },
        ...{ stagingTargetPath: '/s', volumeCapability: block, secrets: map },
      }),
    ).toEqual([
      [1, 'id'],
      [2, '/p'],
      [3, '\x08\x09\x10\x0a'],
      [4, '/s'],
      [5, blockText],
      [6, entry],
    ]);
  });

  it('of one that it is to say how full it is, and what it answers', () => {
    const { nodeGetVolumeStats } = csiMethods;
    const request = { volumeId: 'id', volumePath: '/p', stagingTargetPath: '/s' };
    expect(sent(nodeGetVolumeStats, request)).toEqual([
      [1, 'id'],
      [2, '/p'],
      [3, '/s'],
    ]);
    const answer = { usage: [{ available: 1, total: 3, used: 2, unit: 1 }] };
    expect(fieldsOf(encode(nodeGetVolumeStats.response, answer))).toEqual([[1, '\x08\x01\x10\x03\x18\x02\x20\x01']]);
  });

  it('of one to take back', () => {
    const paths = { volumeId: 'id', targetPath: '/t' };
    expect(sent(csiMethods.nodeUnpublishVolume, paths)).toEqual([
      [1, 'id'],
      [2, '/t'],
    ]);
    expect(sent(csiMethods.nodeUnstageVolume, { volumeId: 'id', stagingTargetPath: '/s' })).toEqual([
      [1, 'id'],
      [2, '/s'],
    ]);
  });
});
