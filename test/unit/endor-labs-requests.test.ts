// What the Endor Labs receiver asks, page by page, what it makes of the answers, and which options it refuses.
import { describe, expect, it } from 'vitest';
import { endorLabs } from '../../receivers/endor-labs/index.ts';
import type { Call } from '../../src/component.ts';
import { secret } from '../../src/options.ts';
import { virtualClock } from '../support/clock.ts';
import { testContext } from '../support/context.ts';
import { drain } from '../support/endor-labs.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const keys = {
  apiKey: secret.env('ENDOR_KEY'),
  apiSecret: secret.env('ENDOR_SECRET'),
  namespace: 'acme.team',
} as const;

/** A vendor that answers from a list, and what it was asked. */
const scripted = (...pages: readonly unknown[]) => {
  const calls: Call[] = [];
  const context = testContext({
    clock: virtualClock(NOW),
    fetch: async call => {
      const page = pages[Math.min(calls.length, pages.length - 1)];
      calls.push(call);
      return { status: 200, headers: {}, date: NOW, text: JSON.stringify(page) };
    },
  });
  return { calls, context };
};
const empty = { list: { objects: [], response: {} } };

describe('a request', () => {
  it('asks for a closed window, oldest first, with a deadline a little before ours', async () => {
    const { calls, context } = scripted(empty);
    await drain(endorLabs({ ...keys, log: 'audit-logs', since: '2h', exclude: ['UITelemetry'] }), context);
    expect(calls).toEqual([
      {
        url: 'https://api.endorlabs.com/v1/namespaces/acme.team/audit-logs',
        headers: { 'request-timeout': '54' },
        query: {
          'list_parameters.filter':
            "spec.message_kind!='internal.endor.ai.endor.v1.UITelemetry' and meta.create_time>=date(2026-01-15T10:00:00.000Z) and meta.create_time<date(2026-01-15T11:59:30.000Z)",
          'list_parameters.page_size': 500,
          'list_parameters.sort.path': 'meta.create_time',
          'list_parameters.sort.order': 'SORT_ENTRY_ORDER_ASC',
        },
      },
    ]);
  });

  it('asks for each old window twice: live, then archived', async () => {
    const { calls, context } = scripted(empty);
    await drain(endorLabs({ ...keys, log: 'audit-logs' }), context);
    const archived = calls.map(c => c.query?.['list_parameters.archive']);
    expect(archived.slice(0, 5)).toEqual([undefined, true, undefined, true, undefined]); // 29 d ago, 28 d and 5 min ago
    expect(archived.slice(4).every(a => a === undefined)).toBe(true);
    expect(calls[1]?.query?.['list_parameters.filter']).toBe(calls[0]?.query?.['list_parameters.filter']);
  });

  it.each([
    ['nothing', {}],
    ['null', { next_page_id: null, next_page_token: null }],
    ['an empty text and zero', { next_page_id: '', next_page_token: 0 }],
    ['zero as text', { next_page_token: '0' }],
  ])('is the last of its window when the next page is %s', async (_, response) => {
    const { calls, context } = scripted({ list: { objects: [], response } });
    await drain(endorLabs({ ...keys, log: 'audit-logs', since: '1h' }), context);
    expect(calls).toHaveLength(1);
  });

  it('follows the page id before the page token, and takes an answer without objects for an empty one', async () => {
    const { calls, context } = scripted(
      { list: { response: { next_page_id: 'abc', next_page_token: 100 } } },
      { list: {} },
    );
    await drain(endorLabs({ ...keys, log: 'audit-logs', since: '1h' }), context);
    expect(calls[1]?.query).toMatchObject({
      'list_parameters.page_id': 'abc',
      'list_parameters.page_token': undefined,
    });
  });

  it('that leads to itself is a fault', async () => {
    const { context } = scripted({ list: { objects: [], response: { next_page_id: 'same' } } });
    await expect(drain(endorLabs({ ...keys, log: 'audit-logs', since: '1h' }), context)).rejects.toMatchObject({
      code: 'E_WALK_STUCK',
    });
  });

  it('that is answered with something else than a list is a fault', async () => {
    const { context } = scripted({ count_response: { count: 3 } });
    await expect(drain(endorLabs({ ...keys, log: 'audit-logs', since: '1h' }), context)).rejects.toMatchObject({
      code: 'E_PAGE_SHAPE',
    });
  });
});

describe('options', () => {
  it('are all checked at once, with their paths', async () => {
    const spec = endorLabs({
      ...keys,
      namespace: 'https://acme.endorlabs.com',
      log: 'authentication-logs',
      pageSize: 501,
      exclude: ["x' or 1==1"],
      sweep: { behind: '5m' },
    });
    const read = await spec.schema['~standard'].validate(spec.options);
    expect(read.issues?.map(i => i.path?.join('.')).sort()).toEqual(
      expect.arrayContaining(['exclude.0', 'namespace', 'pageSize']),
    );
    const later = endorLabs({ ...keys, log: 'authentication-logs', exclude: ['UITelemetry'], sweep: { behind: '5m' } });
    const again = await later.schema['~standard'].validate(later.options);
    expect(again.issues?.map(i => i.path?.join('.')).sort()).toEqual(['exclude', 'sweep.behind']);
  });
});
