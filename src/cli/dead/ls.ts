// `tributary dead ls`: what was kept aside, readable beside a running engine.
import { readDeadLetters } from '../runtime/letters-sqlite.ts';
import { print } from './output.ts';
import { command, orStop, stateOf } from './session.ts';

export const list = (flags: { readonly config: string; readonly json?: boolean }): Promise<void> =>
  command(async () => {
    const folder = await stateOf(flags.config);
    const letters = await orStop(() => readDeadLetters(folder));
    const lines = letters.map(({ record, ...letter }) => {
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
      return `${line}\n`;
    });
    await print(lines);
    if (!flags.json) process.stderr.write(`${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`);
  });
