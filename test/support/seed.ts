// The properties play the same cases in every run, so that a red run means a change; PROPERTY_SEED plays others.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
