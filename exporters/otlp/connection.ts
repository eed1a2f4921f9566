// Connections of our own to one sink: kept alive, trusted as configured, through a proxy where there is one, and closed
// with the exporter, which the stock exporter does not do.
import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { getCACertificates } from 'node:tls';
import { Fault, http, type TlsSettings } from '../../src/index.ts';

export interface Connections {
  /** What the stock exporter asks for its agent, once. Throws E_SECRET where a PEM file cannot be read. */
  agent(protocol: string): Promise<Agent>;
  /** Ends them all, whatever they do. */
  close(): void;
}

/** @param folder what relative paths are meant from @param proxy variables as in `HTTPS_PROXY`, `NO_PROXY` */
export const connections = (tls: TlsSettings, folder: string, proxy: NodeJS.ProcessEnv): Connections => {
  const open: Agent[] = [];
  const keep = <A extends Agent>(agent: A): A => {
    open.push(agent);
    return agent;
  };
  const pem = async (file: string | undefined) => {
    if (file === undefined) return undefined;
    const full = path.resolve(folder, file);
    return readFile(full, 'utf8').catch(cause => {
      throw new Fault('E_SECRET', `the file ${full} cannot be read`, { cause });
    });
  };
  return {
    agent: async protocol => {
      const common = { keepAlive: true, proxyEnv: proxy };
      if (protocol === 'http:') return keep(new http.Agent(common));
      const [ca, cert, key] = await Promise.all([pem(tls.ca), pem(tls.cert), pem(tls.key)]);
      return keep(
        new https.Agent({
          ...common,
          ...(ca !== undefined && { ca: [...getCACertificates(), ca] }), // beside the usual ones, not instead of them
          ...(cert !== undefined && { cert }),
          ...(key !== undefined && { key }),
        }),
      );
    },
    close: () => {
      for (const agent of open.splice(0)) agent.destroy();
    },
  };
};

/** The variables of a proxy that is used for everything. Throws E_ENVIRONMENT where this Node would not use it. */
export const proxyAt = (url: string): NodeJS.ProcessEnv => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 21) || major === 23 || (major === 24 && minor < 5))
    throw new Fault('E_ENVIRONMENT', `\`proxy\` needs Node 24.5, or 22.21; this is ${process.versions.node}`);
  return { HTTP_PROXY: url, HTTPS_PROXY: url };
};
