// A simulated 1Password in a process of its own, its pages rendered before anybody asks. EVENTS as the first argument.
import { simulator } from '../../receivers/onepassword/simulator.ts';

const simulation = await simulator.start({ events: Number(process.argv[2]), seed: 1, prepared: true });
process.stdout.write(`${JSON.stringify({ url: simulation.url, credentials: simulation.credentials })}\n`);
process.once('SIGTERM', () => simulation.close().then(() => process.exit(0)));
