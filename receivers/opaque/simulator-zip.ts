// Writes a ZIP archive in memory: what the vendor's console would let a browser download. Equal content gives equal bytes.
import { crc32, deflateRawSync } from 'node:zlib';

/** An archive of these entries, in this order, packed by Deflate. Not for more than 65,535 entries or 4 GiB. */
export const zipOf = (entries: readonly (readonly [name: string, content: Buffer])[]): Buffer => {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const packed = deflateRawSync(content);
    const label = Buffer.from(name);
    const facts = factsOf(content, packed, label);
    directory.push(u32(0x02014b50), u16(0x0314), facts, u16(0, 0, 0), u32(0o100644 * 0x10000, offset), label);
    parts.push(u32(0x04034b50), facts, label, packed);
    offset += 30 + label.length + packed.length;
  }
  const central = Buffer.concat(directory);
  const end = [u32(0x06054b50), u16(0, 0, entries.length, entries.length), u32(central.length, offset), u16(0)];
  return Buffer.concat([...parts, central, ...end]);
};

/** What the header of an entry and its line in the directory have in common; APPNOTE.TXT 4.3.7 and 4.3.12. */
const factsOf = (content: Buffer, packed: Buffer, name: Buffer): Buffer =>
  Buffer.concat([
    u16(20, UTF8, DEFLATE, 0, FIRST_OF_1980),
    u32(crc32(content), packed.length, content.length),
    u16(name.length, 0),
  ]);

const [UTF8, DEFLATE, FIRST_OF_1980] = [0x0800, 8, 0x21];

const u16 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) bytes.writeUInt16LE(value, i * 2);
  return bytes;
};

const u32 = (...values: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) bytes.writeUInt32LE(value >>> 0, i * 4);
  return bytes;
};
