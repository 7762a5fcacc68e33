import { describe, expect, it } from 'vitest';
import { removals } from './host-ports.ts';

const head = `-P PREROUTING ACCEPT
-N CNI-DN-aaa
-N CNI-HOSTPORT-DNAT
-N CNI-HOSTPORT-MASQ
-N CNI-HOSTPORT-SETMARK
-A PREROUTING -p tcp -j DOCKER
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ`;
const ours = '-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"zp-pods\\" id: \\"pod1\\"" -j CNI-DN-aaa';
const theirs = '-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"other\\" id: \\"x\\"" -j CNI-DN-bbb';

describe('removing host ports', () => {
  it('takes our rules, the plugin’s chains and the jumps to them, nobody else’s', () => {
    expect(removals(`${head}\n${ours}\n${ours}`, 'zp-pods')).toEqual([
      ['-D', 'CNI-HOSTPORT-DNAT', '2'],
      ['-D', 'CNI-HOSTPORT-DNAT', '1'],
      ['-F', 'CNI-DN-aaa'],
      ['-X', 'CNI-DN-aaa'],
      ['-D', 'PREROUTING', '2'],
      ['-D', 'POSTROUTING', '1'],
      ['-F', 'CNI-HOSTPORT-DNAT'],
      ['-F', 'CNI-HOSTPORT-SETMARK'],
      ['-F', 'CNI-HOSTPORT-MASQ'],
      ['-X', 'CNI-HOSTPORT-DNAT'],
      ['-X', 'CNI-HOSTPORT-SETMARK'],
      ['-X', 'CNI-HOSTPORT-MASQ'],
    ]);
  });

  it('leaves the shared chains while another network uses them', () => {
    expect(removals(`${head}\n${theirs}\n${ours}`, 'zp-pods')).toEqual([
      ['-D', 'CNI-HOSTPORT-DNAT', '2'],
      ['-F', 'CNI-DN-aaa'],
      ['-X', 'CNI-DN-aaa'],
    ]);
  });

  it('has nothing to do where portmap was never used', () => {
    expect(removals('-P PREROUTING ACCEPT\n-A PREROUTING -j DOCKER', 'zp-pods')).toEqual([]);
  });
});
