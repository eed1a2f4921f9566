// The demo as a person meets it: how it ends, and where it does not write.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { place, tributary } from '../support/program.ts';

test('--file keeps out of the folder of an earlier demo: its vendors are gone, and their events would be there twice', async () => {
  const made = place('');
  try {
    const demo = ['demo', '--once', '--events', '20', '--file', join(made.folder, 'out')];
    expect((await tributary(demo).ended).code).toBe(0);
    const before = made.lines('out').length;
    const { code, stderr } = await tributary(demo).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('holds an earlier demo');
    expect(made.lines('out')).toHaveLength(before);
  } finally {
    made.remove();
  }
});

test('ends on Ctrl-C with its table: exit 0', async () => {
  const program = tributary(['demo', '--events', '20']);
  await program.said('"message":"running"');
  program.child.kill('SIGINT');
  const { code, stderr } = await program.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/receiver +read +duplicate +exported/);
});
