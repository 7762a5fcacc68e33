// Routes to the pods of other nodes of the same link. Pods of nodes elsewhere are not reached: there is no tunnel on Windows yet.

import { readStateFile, writeStateFile } from '../../control-plane/state-file.ts';
import { type PowerShell, text } from './power-shell.ts';

/** Ours are known by a file: a route of Windows bears no mark. `$in.add` and `$in.remove`: pairs of a range and the address that leads there. */
const script = `$if = (Get-NetIPAddress -AddressFamily IPv4 -IPAddress $in.nodeIP).InterfaceIndex
foreach ($r in $in.remove) {
  Remove-NetRoute -DestinationPrefix $r.range -NextHop $r.via -InterfaceIndex $if -Confirm:$false -ErrorAction SilentlyContinue
}
foreach ($r in $in.add) {
  if (-not (Get-NetRoute -DestinationPrefix $r.range -NextHop $r.via -InterfaceIndex $if -ErrorAction SilentlyContinue)) {
    New-NetRoute -DestinationPrefix $r.range -NextHop $r.via -InterfaceIndex $if -PolicyStore ActiveStore | Out-Null
  }
}
[ordered]@{ interface = $if }`;

export interface WindowsRoutes {
  /** Range -> address. Rejects with CommandError. */
  apply(wanted: ReadonlyMap<string, string>): Promise<void>;
}

export function createWindowsRoutes(powerShell: PowerShell, nodeIP: string, stateFile: string): WindowsRoutes {
  let held: ReadonlyMap<string, string> | undefined;
  return {
    async apply(wanted) {
      const before = new Map(Object.entries((await readStateFile<Record<string, string>>(stateFile)) ?? {}));
      // A restart of the machine takes them, and not the file: all are looked at once.
      const pairs = (from: ReadonlyMap<string, string>, without: ReadonlyMap<string, string> | undefined) =>
        [...from].flatMap(([range, via]) => (without?.get(range) === via ? [] : [{ range, via }]));
      const [add, remove] = [pairs(wanted, held), pairs(before, wanted)];
      if (add.length === 0 && remove.length === 0) return;
      // Noted first: one that is made and not noted would stay for good.
      await writeStateFile(stateFile, Object.fromEntries([...before, ...wanted]));
      const answer = await powerShell(script, { nodeIP, add, remove });
      if (text(answer, 'interface') === '') throw new Error(`no interface of this machine has the address ${nodeIP}`);
      await writeStateFile(stateFile, Object.fromEntries(wanted));
      held = new Map(wanted);
    },
  };
}
