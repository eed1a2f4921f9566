// The config of a history: a receiver over the walk of its world, and routes that tag, fan out and drop what is known.
import { z } from 'zod';
import { dedupe } from '../../../processors/dedupe/index.ts';
import { defineProcessor, type Spec } from '../../../src/component.ts';
import type { AnyConfig } from '../../../src/config.ts';
import { Fault } from '../../../src/fault.ts';
import { textOf } from '../../../src/json.ts';
import { HOUR, SECOND } from '../../../src/options.ts';
import { defineHttpReceiver } from '../../../src/source/http.ts';
import { cursor } from '../../../src/source/walks.ts';
import { windows } from '../../../src/source/windows.ts';
import type { Dice } from './dice.ts';
import type { Character } from './life.ts';
import type { Page, World } from './vendor.ts';

/** Of the receiver. */
export const IDENTITY = ['sim', 'https://sim.example', '', ''].map(encodeURIComponent).join(' ');

/** One receiver, one or two routes, each with its tag, a fan-out, and `dedupe` on either side of it. */
export const compose = (
  world: World,
  character: Character,
  exporters: Record<string, Spec<'exporter'>>,
  place: (name: string) => Promise<void>,
  chance: Dice['chance'],
): AnyConfig => {
  const tag = defineProcessor({
    type: 'tag',
    options: z.object({ route: z.string() }),
    create: (_, { route }) => ({
      process: async records => {
        await place('in a processor');
        if (chance(character.faulty / 5)) throw new Fault('E_NETWORK', 'a lookup failed');
        return { records: records.map(r => ({ ...r, attributes: { route } })) };
      },
    }),
  });
  const fanOut = defineProcessor({
    type: 'fan-out',
    options: z.object({}),
    create: () => ({
      process: records => ({
        records: records.flatMap(r => {
          const { parts, poison } = r.raw as unknown as { parts: number; poison: boolean }; // the vendor of this test wrote it
          if (poison) throw new TypeError('a mapping that throws');
          return parts <= 1
            ? [{ ...r, event: { part: 0 } }]
            : Array.from({ length: parts }, (_, part) => ({ ...r, part, event: { part } }));
        }),
      }),
    }),
  });
  const remember = `${world.remember}ms` as const;
  const processors = Object.assign(
    { fan: fanOut({}), seen: dedupe({ remember }) },
    ...character.routes.map(route => ({ [`tag-${route}`]: tag({ route }) })),
  );
  const pipelines = character.routes.map((route, i) => [
    route,
    {
      receivers: ['sim'],
      processors: [`tag-${route}`, ...(character.dedupeFirst[i] ? ['seen', 'fan'] : ['fan', 'seen'])],
      exporters: i === 0 ? ['direct', 'archive', 'later'] : ['archive', 'later', 'direct'],
      repeats: 'allow',
    },
  ]);
  return {
    receivers: { sim: receiver(world) },
    processors,
    exporters,
    pipelines: Object.fromEntries(pipelines),
  } as AnyConfig; // names are made above
};

const receiver = (world: World): Spec<'receiver'> => {
  const common = {
    type: 'sim',
    options: z.object({}),
    page: z.object({ items: z.array(z.unknown()), next: z.string().nullable(), more: z.boolean() }),
    items: (page: Page) => page.items,
    identify: (item: Parameters<typeof textOf>[0]) => ({ id: textOf(item, 'id'), time: textOf(item, 'time') }),
    ocsf: {
      describe: () => ({
        product: { name: 'Sim', vendor_name: 'Sim' },
        provider: 'Sim',
        log: 'sim',
        format: 'JSON' as const,
        address: 'sim',
      }),
      read: () => [],
    },
    repeats: () => HOUR,
  };
  const auth = { credential: 'sim', headers: async () => ({}), refused: () => false };
  const base = 'https://sim.example';
  const { begin, back, every, span, settle, overlap, behind } = world;
  return world.walk === 'cursor'
    ? defineHttpReceiver({
        ...common,
        lead: page => ({ next: page.next, more: page.more }),
        api: () => ({
          base,
          every,
          auth,
          walk: cursor({ since: () => begin - back, onLost: 'hold' }),
          request: ask => ({ path: '/events', query: { cursor: ask.cursor, since: ask.since } }),
        }),
      })({})
    : defineHttpReceiver({
        ...common,
        lead: page => ({ next: page.next }),
        api: () => ({
          base,
          every,
          auth,
          walk: windows({ since: () => begin - back - SECOND, span, settle, overlap, behind }),
          request: ({ from, to, cursor }) => ({ path: '/events', query: { from, to, cursor } }),
        }),
      })({});
};
