// What a run did, per receiver, as a table for a person.
import type { Delivery } from '../runtime/account.ts';

interface Row {
  read: number;
  duplicate: number;
  exported: number;
  readonly classes: Map<string, number>;
  readonly unmapped: Map<string, number>;
}

export const tally = () => {
  const rows = new Map<string, Row>();
  const observe = (receiver: string, { batch, routes, exporters }: Delivery): void => {
    const row = rows.get(receiver) ?? { read: 0, duplicate: 0, exported: 0, classes: new Map(), unmapped: new Map() };
    rows.set(receiver, row);
    row.read += batch.records.length;
    for (const { steps, records } of routes) {
      for (const step of steps)
        if (step.type === 'dedupe') row.duplicate += step.incoming.length - step.outgoing.length;
      for (const { event, drift } of records) {
        if (event) bump(row.classes, String(event.class_name));
        if (drift) bump(row.unmapped, drift.detail);
      }
    }
    for (const { records, refused } of exporters) row.exported += records.length - refused;
  };
  return { observe, table: () => render(rows) };
};

const render = (rows: ReadonlyMap<string, Row>): string => {
  const lines = [['receiver', 'read', 'duplicate', 'exported']];
  for (const [name, { read, duplicate, exported }] of rows)
    lines.push([name, String(read), String(duplicate), String(exported)]);
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map(line => line[i]!.length)));
  const table = lines.map(line =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  const details = [...rows].flatMap(([name, { classes, unmapped }]) => [
    `${name}`,
    ...ranked(classes).map(([what, n]) => `  ${String(n).padStart(7)}  ${what}`),
    ...(unmapped.size === 0
      ? []
      : [
          `  unmapped types: ${ranked(unmapped)
            .slice(0, 12)
            .map(([type, n]) => `${type} (${n})`)
            .join(', ')}${unmapped.size > 12 ? `, and ${unmapped.size - 12} more` : ''}`,
        ]),
  ]);
  return `\n${table.join('\n')}\n\n${details.join('\n')}\n`;
};

const ranked = (counts: ReadonlyMap<string, number>) => [...counts].sort((a, b) => b[1] - a[1]);

const bump = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};
