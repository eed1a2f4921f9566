// Where a rehearsal begins, as flags say it, and what is refused of them.
import type { Json } from '../../model.ts';
import { since as sinceSchema } from '../../options.ts';
import { Stop } from '../session.ts';

export interface BeginFlags {
  readonly since?: string;
  readonly position?: string;
}

/** The flags, read; a Stop where they are none. */
export const beginning = ({ since, position }: BeginFlags): { readonly since?: string; readonly position?: Json } => {
  const said = since === undefined ? undefined : sinceSchema().safeParse(since);
  if (said?.error) throw new Stop(`--since ${said.error.issues[0]?.message}`, 2);
  return {
    ...(since !== undefined && { since }),
    ...(position !== undefined && { position: parsed(position) }),
  };
};

const parsed = (text: string): Json => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Stop('--position is not JSON: tributary state show --json has positions as they are meant', 2);
  }
};
