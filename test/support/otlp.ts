// An `otlp()` exporter as the engine creates one: its options checked by its schema, its context a test's.
import { otlp } from '../../exporters/otlp/index.ts';
import type { Exporter } from '../../src/component.ts';
import { type TestContext, type TestContextOptions, testContext } from './context.ts';

export type OtlpOptions = NonNullable<Parameters<typeof otlp>[0]>;

export interface Made {
  readonly exporter: Exporter;
  readonly context: TestContext;
}

/** Throws what the schema has to say, and what `create` throws. */
export const makeOtlp = (options: OtlpOptions, given: TestContextOptions = {}): Made => {
  const spec = otlp(options);
  const checked = spec.schema['~standard'].validate(spec.options);
  if (checked instanceof Promise) throw new Error('the schema is synchronous');
  if (checked.issues)
    throw new Error(checked.issues.map(issue => `${issue.path?.join('.')}: ${issue.message}`).join('; '));
  const context = testContext({ name: 'collector', ...given });
  return { exporter: spec.create(context, checked.value), context };
};
