// What the process itself costs, under the Collector's names.
import type { Meter } from '@opentelemetry/api';

export const meterProcess = (meter: Meter): void => {
  meter
    .createObservableCounter('otelcol_process_cpu_seconds_total', { description: 'CPU time, user and system' })
    .addCallback(result => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  meter
    .createObservableCounter('otelcol_process_uptime_seconds_total', { description: 'Since the process began' })
    .addCallback(result => result.observe(process.uptime()));
  meter
    .createObservableGauge('otelcol_process_memory_rss_bytes', { description: 'Physical memory' })
    .addCallback(result => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableGauge('otelcol_process_runtime_heap_alloc_bytes', { description: 'Memory of live objects' })
    .addCallback(result => result.observe(process.memoryUsage().heapUsed));
};
