// What the processor contract needs of each processor: how to create it, once doing its work and once letting all pass.
// One file `test/contract/processors/<folder>.ts` for each folder of `processors/` exports a `harness`.
import type { Processor, Spec } from '../../src/component.ts';
import { type TestContext, type TestContextOptions, testContext } from './context.ts';

export interface ProcessorHarness {
  /** A spec under which `sampleRecords` all pass, whatever is done to them. */
  readonly spec: Spec<'processor'>;
  /** Options that must be refused, by what is wrong with them, with a part of the message. */
  readonly refused: Readonly<Record<string, readonly [options: unknown, message: string]>>;
  /** What it is given beyond the usual. */
  readonly context?: TestContextOptions;
}

/** Creates a component as the engine does: what the schema makes of its options, and nothing else. */
export const createProcessor = async (
  spec: Spec<'processor'>,
  context: TestContext = testContext(),
): Promise<Processor> => {
  const checked = await spec.schema['~standard'].validate(spec.options);
  if (checked.issues) throw new Error(checked.issues.map(issue => issue.message).join('; '));
  return spec.create(context, checked.value);
};
