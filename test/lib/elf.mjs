// Just enough of ELF (64 bit, little endian) to say how a program was linked: segments, dynamic entries, names it
// imports, bytes of its code. Shares nothing with the tools that made the program.
import { readFileSync } from 'node:fs';

const PT_LOAD = 1, PT_DYNAMIC = 2, PT_GNU_STACK = 0x6474e551, PT_GNU_RELRO = 0x6474e552;
const DT_NEEDED = 1, DT_STRTAB = 5, DT_STRSZ = 10, DT_RPATH = 15, DT_TEXTREL = 22, DT_RUNPATH = 29, DT_FLAGS = 30, DT_FLAGS_1 = 0x6ffffffb;
const X = 1, W = 2;

export function readElf(path) {
  const b = readFileSync(path);
  if (b.readUInt32BE(0) !== 0x7f454c46 || b[4] !== 2 || b[5] !== 1) throw new Error(`${path} is no 64-bit little-endian ELF file`);
  const u64 = (at) => Number(b.readBigUInt64LE(at));
  const segments = [];
  for (let i = 0, at = u64(32); i < b.readUInt16LE(56); i++, at += b.readUInt16LE(54))
    segments.push({ type: b.readUInt32LE(at), flags: b.readUInt32LE(at + 4), offset: u64(at + 8), address: u64(at + 16), size: u64(at + 32) });
  const place = (address) => {
    const s = segments.find((x) => x.type === PT_LOAD && address >= x.address && address < x.address + x.size);
    return s.offset + address - s.address;
  };
  const dynamic = [];
  const table = segments.find((s) => s.type === PT_DYNAMIC);
  for (let at = table.offset; at < table.offset + table.size && u64(at) !== 0; at += 16) dynamic.push([u64(at), u64(at + 8)]);
  const entry = (tag) => dynamic.find(([t]) => t === tag)?.[1];
  const texts = b.subarray(place(entry(DT_STRTAB)), place(entry(DT_STRTAB)) + entry(DT_STRSZ));
  const name = (at) => texts.toString('latin1', at, texts.indexOf(0, at));
  const loads = segments.filter((s) => s.type === PT_LOAD);
  return {
    bytes: b,
    type: b.readUInt16LE(16), // 3: ET_DYN
    machine: b.readUInt16LE(18), // 62: x86-64
    now: ((entry(DT_FLAGS) ?? 0) & 8) !== 0 && ((entry(DT_FLAGS_1) ?? 0) & 1) !== 0,
    pie: ((entry(DT_FLAGS_1) ?? 0) & 0x08000000) !== 0,
    relro: segments.some((s) => s.type === PT_GNU_RELRO),
    stack: segments.find((s) => s.type === PT_GNU_STACK)?.flags,
    writableCode: loads.filter((s) => (s.flags & (X | W)) === (X | W)).length,
    textrel: entry(DT_TEXTREL) !== undefined || ((entry(DT_FLAGS) ?? 0) & 4) !== 0,
    paths: [DT_RPATH, DT_RUNPATH].filter((t) => entry(t) !== undefined).map((t) => name(entry(t))),
    needed: dynamic.filter(([t]) => t === DT_NEEDED).map(([, at]) => name(at)),
    names: texts.toString('latin1').split('\0'),
    code: loads.filter((s) => s.flags & X).map((s) => b.subarray(s.offset, s.offset + s.size)),
  };
}

/** How often the bytes stand in the code. */
export function countBytes(elf, bytes) {
  let n = 0;
  for (const code of elf.code) for (let at = code.indexOf(bytes); at >= 0; at = code.indexOf(bytes, at + 1)) n++;
  return n;
}
