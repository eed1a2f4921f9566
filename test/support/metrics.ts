// What Prometheus would read of a listener of ours: fetched over the network, and parsed.
import { request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request to `127.0.0.1:13133`, on a connection of its own. */
export const ask = (address: string, path: string, method = 'GET'): Promise<Reply> =>
  new Promise((done, fail) => {
    request(`http://${address}${path}`, { method, agent: false }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, text }));
    })
      .once('error', fail)
      .end();
  });

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Scrape {
  /** By the name of the metric: `…_count`, `…_sum` and `…_bucket` belong to their histogram. */
  readonly families: ReadonlyMap<string, readonly Sample[]>;
  /** The value of one series; nothing if there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

export const scrape = async (address: string): Promise<Scrape> => {
  const { status, text } = await ask(address, '/metrics');
  if (status !== 200) throw new Error(`/metrics answers ${status}`);
  return read(text);
};

const read = (text: string): Scrape => {
  const families = new Map<string, Sample[]>();
  let name = '';
  for (const line of text.split('\n')) {
    const [, type] = /^# TYPE (\S+) /.exec(line) ?? [];
    if (type !== undefined) {
      name = type;
      families.set(name, []);
    } else if (line !== '' && !line.startsWith('#')) families.get(name)?.push(sampleOf(line));
  }
  const all = [...families.values()].flat();
  const fits = (sample: Sample, labels: Readonly<Record<string, string>>) =>
    Object.keys(sample.labels).length === Object.keys(labels).length &&
    Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
  return {
    families,
    value: (name, labels = {}) => all.find(sample => sample.name === name && fits(sample, labels))?.value,
  };
};

const sampleOf = (line: string): Sample => {
  const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`not a line of metrics: ${line}`);
  return {
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text])),
    value: Number(value),
  };
};
