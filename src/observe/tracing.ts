// Spans for an operation and its statements, through the API of OpenTelemetry: without an SDK, which the operator loads with
// `node --import`, they go nowhere. Only what our own code says is in them: types, hashes, names, numbers; no text, value or id.
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Attributes, type Tracer } from '@opentelemetry/api';
import type { OperationTrace } from './tally.js';

export interface Tracing {
  begin(): OperationTrace;
}

/** What a client sends of a trace of its own is not read: a stranger must not write into the operator's. */
export function openTracing(tracer: Tracer = trace.getTracer('kualik')): Tracing {
  return {
    begin() {
      const operation = tracer.startSpan('operation', { kind: SpanKind.SERVER }, ROOT_CONTEXT);
      const inside = trace.setSpan(ROOT_CONTEXT, operation);
      return {
        statement(name) {
          const attributes: Attributes = { 'db.system.name': 'postgresql', 'kualik.statement': name };
          const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, inside);
          return (failed) => {
            if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
            span.end();
          };
        },
        end({ type, by, statements }, { hash, code, status }) {
          if (type) operation.updateName(type);
          operation.setAttributes({
            'graphql.operation.type': type,
            'kualik.hash': hash,
            'kualik.by': by,
            'kualik.statements': statements,
            'kualik.outcome': code ?? 'ok',
            'http.response.status_code': status,
          });
          // What a client did wrong is no fault of ours.
          if (code === 'INTERNAL' || code === 'UNAVAILABLE') operation.setStatus({ code: SpanStatusCode.ERROR });
          operation.end();
        },
      };
    },
  };
}
