// What tests need of a conversation beside playing it. Each receiver keeps one in `fixtures/conversation.json`, with made-up
// people; the receiver contract plays it.
import type { Json } from '../../src/model.ts';

export { madeUp as testSecret, optionsOf } from '../../src/cli/dev/made-up.ts';

/** The same with each number that a double cannot hold as the text of its digits. */
export const asTexts = (body: Json): Json =>
  JSON.parse(JSON.stringify(body), (_key, value, context?: { readonly source?: string }) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) ? context?.source : value,
  );
