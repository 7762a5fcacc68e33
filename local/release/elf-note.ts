// Puts a program's resource into a Linux executable, as a note that Node's single executables look for, and leaves out what is only there
// for debuggers. Source: ELF-64 Object File Format 1.5; elf(5); Node's documentation of single executable applications.

/** Fields of the file header, and of each of the program headers, by their offsets. Little endian. */
const file = { type: 16, programHeaders: 32, sectionHeaders: 40, count: 56, sectionCount: 60, sectionNames: 62 };
const header = { type: 0, flags: 4, offset: 8, address: 16, physical: 24, fileSize: 32, memorySize: 40, align: 48 };
const headerBytes = 56;
const types = { load: 1, note: 4, programHeaders: 6 };
const positionDependent = 2;
const readable = 4;
/** The largest page size of the architectures that there are agents for. */
const pageBytes = 0x10000;

/** The executable with `resource` in it, under `name`. Throws for a file of another kind. */
export function withResource(executable: Buffer, name: string, resource: Uint8Array): Buffer {
  const isElf64 = executable.readUInt32BE(0) === 0x7f454c46 && executable[4] === 2 && executable[5] === 1;
  if (!isElf64 || executable.readUInt16LE(file.type) !== positionDependent)
    throw new Error('no 64-bit ELF executable at fixed addresses');
  const at = Number(executable.readBigUInt64LE(file.programHeaders));
  const count = executable.readUInt16LE(file.count);
  const headers = Array.from({ length: count }, (_, index) => {
    const start = at + index * headerBytes;
    return Buffer.from(executable.subarray(start, start + headerBytes));
  });
  const typeOf = (each: Buffer) => each.readUInt32LE(header.type);
  const loads = headers.filter((each) => typeOf(each) === types.load);
  const endOf = (each: Buffer, start: number, size: number) =>
    Number(each.readBigUInt64LE(start) + each.readBigUInt64LE(size));
  // What follows the last loaded byte (symbols, names of sections) nobody needs to run it.
  const loaded = Math.max(...loads.map((each) => endOf(each, header.offset, header.fileSize)));
  const offset = roundUp(loaded, pageBytes);
  const address = roundUp(Math.max(...loads.map((each) => endOf(each, header.address, header.memorySize))), pageBytes);

  const note = noteOf(name, resource);
  const described = (type: number, align: number) => {
    const made = Buffer.alloc(headerBytes);
    made.writeUInt32LE(type, header.type);
    made.writeUInt32LE(readable, header.flags);
    made.writeBigUInt64LE(BigInt(offset), header.offset);
    for (const field of [header.address, header.physical]) made.writeBigUInt64LE(BigInt(address), field);
    for (const field of [header.fileSize, header.memorySize]) made.writeBigUInt64LE(BigInt(note.length), field);
    made.writeBigUInt64LE(BigInt(align), header.align);
    return made;
  };
  // In the places of two that can be done without: where the headers are (at fixed addresses that is known), and the build's own note.
  const kept = headers.filter((each) => typeOf(each) !== types.note && typeOf(each) !== types.programHeaders);
  if (kept.length + 2 > count) throw new Error('the executable has no note that could make room');
  const lastLoad = kept.findLastIndex((each) => typeOf(each) === types.load);
  // Loaded segments stand in the order of their addresses.
  kept.splice(lastLoad + 1, 0, described(types.load, pageBytes), described(types.note, 4));

  const made = Buffer.alloc(offset + note.length);
  executable.copy(made, 0, 0, loaded);
  Buffer.concat(kept).copy(made, at);
  made.writeUInt16LE(kept.length, file.count);
  made.writeBigUInt64LE(0n, file.sectionHeaders);
  made.writeUInt16LE(0, file.sectionCount);
  made.writeUInt16LE(0, file.sectionNames);
  note.copy(made, offset);
  return made;
}

function noteOf(name: string, resource: Uint8Array): Buffer {
  const named = Buffer.from(`${name}\0`);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(named.length, 0);
  head.writeUInt32LE(resource.length, 4);
  const padded = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.alloc(roundUp(bytes.length, 4) - bytes.length)]);
  return Buffer.concat([head, padded(named), padded(resource)]);
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
