// `tributary dev replay FILE`: a recorded conversation, played to the receiver of a config, or to one as it was recorded. The
// events come out on standard output; nobody is asked, and no state is opened.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Spec } from '../../component.ts';
import { describe, Fault } from '../../fault.ts';
import { createLog } from '../../runtime/log.ts';
import { type Conversation, readConversation } from '../../runtime/rehearsal/conversation.ts';
import { print, printable } from '../output.ts';
import { command, Stop } from '../session.ts';
import { receiverOf } from '../vendors.ts';
import { optionsOf } from './made-up.ts';
import { replay } from './rehearse.ts';
import { type Subject, subjectIn, subjectOf } from './subject.ts';

export interface ReplayFlags {
  readonly config?: string;
  readonly receiver?: string;
  readonly pipeline?: string;
}

export const replayFile = (file: string, flags: ReplayFlags): Promise<void> =>
  command(async () => {
    const conversation = conversationIn(file);
    const { type, since } = conversation;
    const subject =
      flags.config === undefined
        ? await asRecorded(conversation, file)
        : await subjectOf(flags.config, {
            type,
            since,
            receiver: flags.receiver,
            pipeline: flags.pipeline,
            offline: true,
          });
    const { handed, records, wrong, fault, dead } = await replay(subject, conversation, createLog());
    if (!(await print(handed.map(({ event, raw }) => `${JSON.stringify(event ?? raw)}\n`)))) return;
    process.stderr.write(
      `${records.length} records, ${handed.length} events${dead > 0 ? `, ${dead} dead letters` : ''}\n`,
    );
    if (wrong.length > 0) throw new Stop(inLines(wrong));
    if (fault) throw new Stop(`it ends with a fault: ${printable(describe(fault))} [${fault.code}]\n  ${fault.remedy}`);
  });

/** Several lines, with nothing in them that a terminal would obey. */
export const inLines = (texts: readonly string[]): string =>
  texts.flatMap(text => text.split('\n').map(printable)).join('\n');

/** A Stop where it cannot be read, or is none. */
export const conversationIn = (file: string): Conversation => {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Stop(`${file} cannot be read: ${describe(error)}`);
  }
  try {
    return readConversation(text);
  } catch (error) {
    throw error instanceof Fault ? new Stop(`${file} is no conversation: ${printable(describe(error))}`) : error;
  }
};

/** A receiver with the options of the recording, and the processors that nearly every pipeline has. */
const asRecorded = async (conversation: Conversation, file: string): Promise<Subject> => {
  const type = conversation.type ?? typeFrom(file);
  const { dedupe } = await import('../../../processors/dedupe/index.ts');
  const { normalize } = await import('../../../processors/normalize/index.ts');
  const receiver: Spec<'receiver'> = {
    ...(await receiverOf(type)),
    options: optionsOf(conversation),
    where: undefined,
  };
  return subjectIn(
    {
      receivers: { [type]: receiver },
      processors: { dedupe: dedupe(), normalize: normalize() },
      exporters: {},
      pipelines: { replay: { receivers: [type], processors: ['dedupe', 'normalize'], exporters: ['rehearsal'] } },
    },
    { receiver: type, file, folder: dirname(resolve(file)) },
  );
};

/** `receivers/opal/fixtures/conversation.json` is one with Opal. */
const typeFrom = (file: string): string => {
  const [, vendor] = /([\w-]+)[/\\]fixtures[/\\][^/\\]+$/.exec(resolve(file)) ?? [];
  if (vendor !== undefined) return vendor;
  throw new Stop(`${file} does not say whose conversation it is (\`type\`): name a config with -c FILE`, 2);
};
