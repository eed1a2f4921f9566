// Export archives for the tests, sound and otherwise, and what the receiver would make of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import yazl from 'yazl';
import { type Bounds, openArchive } from '../../receivers/opaque/archive.ts';
import { readKeys } from '../../receivers/opaque/signature.ts';
import { archiveOf, csvOf, keyPair } from '../../receivers/opaque/simulator-export.ts';

export const HEADER = ['Event ID', 'Actor', 'Workspace', 'Action', 'Timestamp', 'Status'];

/** Made once: keys take long. */
export const KEYS = { rsa: keyPair('rsa'), other: keyPair('rsa'), ec: keyPair('ec') };

export const QUERY = Buffer.from('{"filters": {}}\n');

export const signed = (results: Buffer | string, query: Buffer | string = QUERY, keys = KEYS.rsa): Buffer =>
  archiveOf({ results: Buffer.from(results), query: Buffer.from(query) }, keys);

/** So many rows, from this index on: the same index is the same event everywhere. */
export const rows = (from: number, count: number): readonly (readonly string[])[] =>
  Array.from({ length: count }, (_, i) => [
    `00000000-0000-4000-8000-${String(from + i).padStart(12, '0')}`,
    'ada@example.com',
    'claims',
    'Upload dataset',
    new Date(Date.UTC(2026, 0, 10) + (from + i) * 1000).toISOString(),
    'success',
  ]);

export const csv = (body: readonly (readonly string[])[], header: readonly string[] = HEADER): Buffer =>
  csvOf([header, ...body]);

/** A ZIP by another hand than the simulator's. */
export const zip = async (entries: Readonly<Record<string, Buffer | string>>, compress = true): Promise<Buffer> => {
  const file = new yazl.ZipFile();
  for (const [name, content] of Object.entries(entries)) file.addBuffer(Buffer.from(content), name, { compress });
  file.end();
  const chunks: Buffer[] = [];
  for await (const chunk of file.outputStream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
};

const root = mkdtempSync(join(tmpdir(), 'tributary-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true })); // of the file that imports this

/** A folder that ends with the tests of a file. */
export const temporary = (): Promise<string> => mkdtemp(join(root, 'x'));

export const saved = async (content: Buffer | string, name = 'file'): Promise<string> => {
  const path = join(await temporary(), name);
  await writeFile(path, content);
  return path;
};

/** The keys as the receiver reads them. */
export const keysOf = async (...pairs: readonly { readonly publicKey: string }[]) =>
  readKeys(await Promise.all(pairs.map(pair => saved(pair.publicKey, 'key.pem'))));

/** Opens an archive for as long as the work takes. */
export const opened = async <T>(
  bytes: Buffer,
  work: (archive: Awaited<ReturnType<typeof openArchive>>) => Promise<T>,
  bounds?: Bounds,
): Promise<T> => {
  const handle: FileHandle = await open(await saved(bytes, 'export.zip'));
  try {
    return await work(await openArchive(handle, bounds));
  } finally {
    await handle.close();
  }
};
