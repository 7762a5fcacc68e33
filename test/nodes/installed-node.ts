// A machine of the tests' own that becomes a node as its administrator makes it one: by the line that `zeroplane node token` prints.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadImage } from '../../agent/images/load.ts';
import { ociArchive } from '../../agent/images/oci.ts';
import { busyboxImages } from '../../local/example-images.ts';
import type { Host } from '../tools/host.ts';
import { type Ran, runTool } from '../tools/kubectl.ts';
import { writeDownEnd } from '../tools/namespaces.ts';

export interface InstalledNode {
  readonly name: string;
  readonly host: Host;
  readonly dataDir: string;
  /** The file that the line brought. */
  readonly program: string;
  /** The line, with where this machine has its files: it shares them with others. `as`: under another name. */
  install(line: string, as?: string): Promise<Ran>;
  /** Runs it. */
  zeroplane(...args: string[]): Promise<Ran>;
  /** The images of the examples: there is no registry. */
  loadImages(): Promise<void>;
  /** Ends the agent, or containerd, in the middle of what it does. */
  kill(program: 'agent' | 'containerd'): void;
  /** As after a restart of the machine. */
  start(): Promise<Ran>;
  uninstall(): Promise<Ran>;
  /** What is left of it. */
  leftovers(): Promise<string[]>;
  /** Removes what a test that failed left. */
  remove(): Promise<void>;
}

export function prepareNode(name: string, host: Host): InstalledNode {
  const folder = mkdtempSync(join(tmpdir(), `zeroplane-${name}-`));
  const [dataDir, binDir] = [join(folder, 'data'), join(folder, 'bin')];
  const program = join(binDir, 'zeroplane');
  const [nsenter = '', ...enter] = host.enter;
  const inside = (...command: string[]) => runTool(nsenter, [...enter, ...command]);
  const zeroplane = (...args: string[]) => inside(program, ...args);
  const uninstall = () => zeroplane('agent', 'uninstall', '--data-dir', dataDir);
  const ended = writeDownEnd(host, {
    // Before it was installed, and after it was uninstalled, there is nothing to end.
    command: ['sh', '-c', `test ! -e ${program} || exec ${program} agent uninstall --data-dir ${dataDir}`],
    folder,
  });
  return {
    name,
    host,
    dataDir,
    program,
    zeroplane,
    uninstall,
    install: (line, as = name) =>
      inside('sh', '-c', `${line} --node-name ${as} --data-dir ${dataDir} --bin-dir ${binDir}`),
    async loadImages() {
      for (const image of busyboxImages) {
        const file = join(folder, 'image.tar');
        writeFileSync(file, ociArchive(await image.build(() => {})));
        await loadImage(dataDir, file);
        rmSync(file);
      }
    },
    kill(which) {
      const file = which === 'agent' ? 'agent.pid' : 'containerd/containerd.pid';
      process.kill(Number(readFileSync(join(dataDir, file), 'utf8')), 'SIGKILL');
    },
    start: () => inside(join(dataDir, 'start')),
    async leftovers() {
      const { stdout: links } = await inside('ip', '-br', 'link');
      const { stdout: tables } = await inside('nft', 'list', 'tables');
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
      return [
        ...[dataDir, program].filter((file) => existsSync(file)),
        ...mounts.filter((line) => line.includes(` ${folder}/`)),
        ...links.split('\n').filter((line) => /^zp-|^veth/.test(line)),
        ...tables.split('\n').filter((line) => line.includes('zeroplane')),
      ];
    },
    async remove() {
      if (existsSync(program) && existsSync(dataDir)) {
        const { code, stderr } = await uninstall();
        // What is left then is what somebody must look at: no file of a running process is deleted.
        if (code !== 0) throw new Error(`uninstall of ${name} exited ${code}: ${stderr}`);
      }
      ended();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
