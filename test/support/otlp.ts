// An `otlp()` exporter as the engine creates one: its options checked by its schema, its context a test's.
import type { ServerOptions } from 'node:https';
import { otlp } from '../../exporters/otlp/index.ts';
import type { Exporter } from '../../src/component.ts';
import { type TestContext, type TestContextOptions, testContext } from './context.ts';
import { type Deed, type OtlpSink, otlpSink, type Script } from './otlp-sink.ts';

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

/** Sinks and exporters of one test, closed in the reverse order of their making. */
export const otlpStage = () => {
  const closers: (() => Promise<void> | undefined)[] = [];
  return {
    /** A sink that does one thing, or follows a script, or takes everything. */
    sinkThat: async (script?: Script | Deed, tls?: ServerOptions): Promise<OtlpSink> => {
      const sink = await otlpSink(typeof script === 'function' ? script : () => script, tls);
      closers.push(sink.close);
      return sink;
    },
    exporterOf: (options: OtlpOptions, given: TestContextOptions = {}): Made => {
      const made = makeOtlp(options, given);
      closers.push(() => made.exporter.close?.());
      return made;
    },
    /** Something else that has to end. */
    ending: (close: () => Promise<void>) => void closers.push(close),
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
};
