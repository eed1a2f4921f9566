// `tributary verify`: whether an export of Opaque is signed, answered as `openssl dgst -verify` does.
import { verifyArchive } from '../../receivers/opaque/verify.ts';
import { print } from './output.ts';
import { command, orStop } from './session.ts';

export const verify = (archive: string, { key }: { readonly key: readonly string[] }): Promise<void> =>
  command(async () => {
    const { text, reason, exitCode } = await orStop(() => verifyArchive(archive, key));
    process.exitCode = exitCode;
    await print([`${text}\n`]);
    if (reason !== undefined) process.stderr.write(`${reason}\n`);
  });
