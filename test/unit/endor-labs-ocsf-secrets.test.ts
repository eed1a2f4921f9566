// Secrets in payloads and claims are blotted out of what an event says, and a payload that is too large is cut.
import { describe, expect, it } from 'vitest';
import { redact } from '../../receivers/endor-labs/ocsf-payload.ts';
import { operation, read } from '../support/endor-labs-ocsf.ts';

describe('secrets in a payload', () => {
  it('are blotted out where they are called so, and nothing else is', () => {
    const payload = {
      spec: {
        secret: 's',
        api_key: 'k',
        clientSecret: 'c',
        access_token: 't',
        private_key: { pem: 'p', bits: 2048 },
        password: '',
        enabled_token: true,
        token_type: 'Bearer',
        secret_name: 'ci',
        key: 'env',
        url: 'https://example.com',
        deep: [{ Authorization: 'Bearer x' }],
      },
    };
    expect(redact(payload)).toEqual({
      spec: {
        secret: '[redacted]',
        api_key: '[redacted]',
        clientSecret: '[redacted]',
        access_token: '[redacted]',
        private_key: { pem: '[redacted]', bits: '[redacted]' },
        password: '',
        enabled_token: true,
        token_type: 'Bearer',
        secret_name: 'ci',
        key: 'env',
        url: 'https://example.com',
        deep: [{ Authorization: '[redacted]' }],
      },
    });
  });

  it('are found under `key`, too, where the object is a credential, and in claims', () => {
    const { event } = read(
      operation('APIKey', 'OPERATION_CREATE', {
        payload: { spec: { key: 'k1', secret: 's1' } },
        claims: ['access_token=abc', 'email=j@example.com'],
      }),
    );
    expect(event.entity.data).toEqual({ spec: { key: '[redacted]', secret: '[redacted]' } });
    expect(event.unmapped.spec.claims).toEqual(['access_token=[redacted]']);
  });

  it('and what is too large are left out by name, with their size', () => {
    const { event } = read(
      operation('Project', 'OPERATION_CREATE', { payload: { meta: { name: 'p' }, blob: 'x'.repeat(40_000), tail: 1 } }),
    );
    expect(event.entity.data).toEqual({ meta: { name: 'p' }, blob: '[left out: 40002 bytes]', tail: 1 });
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`field${i}`, 'y'.repeat(100)]));
    const data = read(operation('Project', 'OPERATION_CREATE', { payload: wide })).event.entity.data;
    expect(JSON.stringify(data).length).toBeLessThan(50_000);
    expect(data['[left out]']).toBe('4800 fields');
  });
});
