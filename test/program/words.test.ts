// The vendor's words from the wire to the file, through the real program: nobody on the way copies, checks or rounds them.
import { expect, test } from 'vitest';
import { serve } from '../support/loopback.ts';
import { place, tributary } from '../support/program.ts';

test('numbers beyond 2^53 and odd keys of a record are in raw_data to the last digit', async () => {
  const created = new Date(Date.now() - 3_600_000).toISOString();
  const words = '"huge":12345678901234567890,"exact":9007199254740993,"far":1e999,"__proto__":{"admin":true},"":""';
  const event = `{"event_id":"e-1","event_type":"USERS_CREATED","created_at":"${created}","actor_user_id":"u-1",${words}}`;
  const vendor = await serve((request, response) => {
    const { searchParams } = new URL(request.url!, 'http://x');
    const inside = searchParams.get('start_date_filter')! <= created && created < searchParams.get('end_date_filter')!;
    response.setHeader('content-type', 'application/json').end(`{"results":[${inside ? event : ''}],"next":null}`);
  });
  const made = place(`
    import { defineConfig, secret } from 'tributary';
    import { opal } from 'tributary/receivers/opal';
    import { dedupe } from 'tributary/processors/dedupe';
    import { normalize } from 'tributary/processors/normalize';
    import { file } from 'tributary/exporters/file';
    export default defineConfig({
      receivers: { opal: opal({ apiKey: secret.env('OPAL_KEY'), baseUrl: '${vendor.url}', since: '1d' }) },
      processors: { dedupe: dedupe(), normalize: normalize() },
      exporters: { out: file({ path: 'audit/{receiver}-{seq}.ndjson' }) },
      pipelines: { audit: { receivers: ['opal'], processors: ['dedupe', 'normalize'], exporters: ['out'] } },
    });`);
  try {
    const { code, stderr } = await tributary(['once', '-c', made.config], { env: { OPAL_KEY: 'k' } }).ended;
    expect(code, stderr).toBe(0);
    const lines = made.lines('audit');
    expect(lines).toHaveLength(1);
    const { raw_data } = JSON.parse(lines[0]!) as { raw_data: string };
    const told =
      '"huge":"12345678901234567890","exact":"9007199254740993","far":"1e999","__proto__":{"admin":true},"":""';
    expect(raw_data).toBe(event.replace(words, told));
  } finally {
    made.remove();
    await vendor.close();
  }
});
