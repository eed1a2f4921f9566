// `tributary dead ls`: what was kept aside, readable beside a running engine.

import { dirname, resolve } from 'node:path';
import type { AnyConfig } from '../config.ts';
import { loadConfig } from '../runtime/load.ts';
import { readDeadLetters } from '../runtime/state-sqlite.ts';
import { command, stateFolder } from './session.ts';

export const list = (flags: { readonly config: string; readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const config = (await loadConfig(flags.config)) as AnyConfig; // only `engine.state` of it is read
    const letters = readDeadLetters(stateFolder(config, dirname(resolve(flags.config))));
    for (const { record, ...letter } of letters) {
      const { id, part, origin } = record;
      const line = flags.json
        ? JSON.stringify({ ...letter, receiver: origin.receiver, id, part })
        : [
            letter.seq,
            new Date(letter.first).toISOString(),
            letter.place,
            letter.code,
            `×${letter.tries}`,
            `${origin.receiver} ${id}`,
            letter.reason,
          ].join('  ');
      process.stdout.write(`${line}\n`);
    }
    if (!flags.json) process.stderr.write(`${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`);
  });
