// The pause image: a static ELF of some 250 bytes that holds a pod's namespaces. It waits for signals, reaps the zombies of a shared
// process namespace, and exits on SIGTERM or SIGINT. Made here, so that a node needs no registry to start its first pod.

import { getOwn } from '../../core/machinery/own.ts';
import { hostArchitecture, ociArchive } from './oci.ts';

export const pauseImage = 'zeroplane.dev/pause:1';

export function pauseArchive(architecture = hostArchitecture()): Buffer {
  return ociArchive({
    name: pauseImage,
    files: [{ path: '/pause', content: pauseBinary(architecture), mode: 0o755 }],
    entrypoint: ['/pause'],
    user: '65535:65535',
    architecture,
  });
}

/** Bits of SIGINT (2), SIGTERM (15) and SIGCHLD (17) in a signal set. Blocked, they queue even for process 1. */
const signalSet = (1n << 1n) | (1n << 14n) | (1n << 16n);
const base = 0x400000;
const headers = 64 + 56;

function pauseBinary(architecture: string): Buffer {
  const machine = getOwn({ amd64: { id: 62, code: amd64Code }, arm64: { id: 183, code: arm64Code } }, architecture);
  if (!machine) throw new Error(`there is no pause program for ${architecture}: name an image with --pause-image`);
  const code = machine.code();
  const set = Buffer.alloc(8);
  set.writeBigUInt64LE(signalSet);
  const size = headers + code.length + set.length;
  const elf = Buffer.alloc(headers);
  elf.write('\x7fELF\x02\x01\x01', 'latin1');
  elf.writeUInt16LE(2, 16); // an executable
  elf.writeUInt16LE(machine.id, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(BigInt(base + headers), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // PT_LOAD
  elf.writeUInt32LE(5, 68); // readable, executable
  elf.writeBigUInt64LE(BigInt(base), 80);
  elf.writeBigUInt64LE(BigInt(base), 88);
  elf.writeBigUInt64LE(BigInt(size), 96);
  elf.writeBigUInt64LE(BigInt(size), 104);
  elf.writeBigUInt64LE(0x10000n, 112);
  return Buffer.concat([elf, code, set]);
}

/**
 * Both programs: rt_sigprocmask(SIG_BLOCK, set); forever: rt_sigtimedwait(set); on SIGCHLD wait4(-1, WNOHANG) until none is left;
 * on an error again; otherwise exit(0). The signal set follows the code.
 */
function amd64Code(): Buffer {
  const length = 100;
  const set = (base + headers + length).toString(16).padStart(8, '0').match(/../g)?.reverse().join('') ?? '';
  const block = `31ff be${set} 31d2 41ba08000000 b80e000000 0f05`;
  const wait = `bf${set} 31f6 31d2 41ba08000000 b880000000 0f05`;
  const waitAt = bytes(block).length;
  const decide = bytes(`${wait} 83f811 74ff 85c0 78ff`).length + waitAt;
  const exit = '31ff b83c000000 0f05';
  const reapAt = decide + bytes(exit).length;
  const reap = 'bfffffffff 31f6 ba01000000 4531d2 b83d000000 0f05 85c0';
  const reapEnd = reapAt + bytes(reap).length;
  const code = bytes(
    `${block} ${wait} 83f811 74${rel(decide - 4, reapAt)} 85c0 78${rel(decide, waitAt)} ${exit} ${reap}` +
      ` 7f${rel(reapEnd + 2, reapAt)} eb${rel(reapEnd + 4, waitAt)}`,
  );
  return Buffer.concat([code, Buffer.alloc(length - code.length, 0x90)]);
}

function rel(after: number, target: number): string {
  return ((target - after) & 0xff).toString(16).padStart(2, '0');
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replace(/ /g, ''), 'hex');
}

function arm64Code(): Buffer {
  const mov = (register: number, value: number) => 0xd2800000 | (value << 5) | register;
  const svc = 0xd4000001;
  const total = 28;
  const adr = (register: number, at: number) => {
    const offset = (total - at) * 4;
    return 0x10000000 | ((offset & 3) << 29) | ((offset >> 2) << 5) | register;
  };
  const branch = (condition: number, at: number, to: number) => 0x54000000 | (((to - at) & 0x7ffff) << 5) | condition;
  const compare = (value: number) => 0x7100001f | (value << 10);
  const words = [
    ...[mov(0, 0), adr(1, 1), mov(2, 0), mov(3, 8), mov(8, 135), svc],
    ...[adr(0, 6), mov(1, 0), mov(2, 0), mov(3, 8), mov(8, 137), svc],
    ...[compare(17), branch(0, 13, 19), compare(0), branch(11, 15, 6)],
    ...[mov(0, 0), mov(8, 93), svc],
    ...[0x92800000, mov(1, 0), mov(2, 1), mov(3, 0), mov(8, 260), svc],
    ...[compare(0), branch(12, 26, 19), 0x14000000 | ((6 - 27) & 0x3ffffff)],
  ];
  const code = Buffer.alloc(words.length * 4);
  words.forEach((word, i) => {
    code.writeUInt32LE(word >>> 0, i * 4);
  });
  return code;
}
