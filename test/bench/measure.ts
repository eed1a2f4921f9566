// What the benches share: figures with goals, CPU of a piece of work, and a vendor in another process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly goal?: { readonly met: boolean; readonly text: string };
}

export interface Bench {
  run(): Promise<readonly Figure[]>;
}

/** Adds up the CPU time of pieces of work, of all threads of this process; microseconds. */
export const cpuMeter = () => {
  let total = 0;
  return {
    async during<T>(work: () => T | Promise<T>): Promise<T> {
      const before = process.cpuUsage();
      const result = await work();
      const { user, system } = process.cpuUsage(before);
      total += user + system;
      return result;
    },
    total: () => total,
  };
};

export interface OtherProcess {
  /** The line of JSON that it said when it was ready. */
  readonly ready: Record<string, unknown>;
  end(): Promise<void>;
}

/**
 * Starts a module of this folder in a process of its own and waits for its first line.
 * @param flags of Node, for trials
 */
export const startOther = async (
  module: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<OtherProcess> => {
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, module), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const chunk of child.stdout!.setEncoding('utf8')) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return {
    ready: JSON.parse(text) as Record<string, unknown>,
    end: async () => {
      if (child.exitCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
};

export const perEvent = (microseconds: number, events: number): string => `${(microseconds / events).toFixed(1)} µs`;
export const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;
export const ratio = (of: number, to: number): string => `${(of / to).toFixed(2)} ×`;
