// Who speaks in our own telemetry.
import {
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import { version } from '../../version.ts';

/** Of metrics, logs and traces alike. OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME add and overrule. */
export const resource: Resource = resourceFromAttributes({
  'service.name': 'tributary',
  'service.version': version,
}).merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));
