// Apollo Server, set up so that it only does what it is good at: parse, validate, execute. HTTP is ours.
// The settings are those of docs/decisions/0005-http.md; each of them closes something that was seen open.
import {
  ApolloServer,
  HeaderMap,
  type ApolloServerOptions,
  type ApolloServerPlugin,
  type BaseContext,
  type GraphQLRequestContext,
  type HTTPGraphQLRequest,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import { invalid, limited } from '../errors.js';
import type { Question } from './body.js';
import { costOf, type Cost } from './cost.js';
import { BoundedDocuments } from './documents.js';
import { limitsRule, MOST_ERRORS, PARSE_LIMITS } from './limits.js';
import { JsonText } from '../planner/json-text.js';
import { JSON_TYPE, type AnswerType } from './request.js';
import { translate, type TranslateOptions } from './translate.js';

export interface EngineOptions<C extends BaseContext> {
  schema: GraphQLSchema;
  logger: Logger;
  constraintMessage?: TranslateOptions['constraintMessage'];
  /** The planner lives in one of these. */
  plugins?: ApolloServerPlugin<C>[];
  stringifyResult?: ApolloServerOptions<C>['stringifyResult'];
  /** Called when the engine stops; it keeps answering until this resolves. */
  drain: () => Promise<void>;
}

/** What one operation came to, besides its text. */
export interface Outcome {
  status: number;
  body: string;
  headers: Record<string, string>;
  operationName: string | undefined;
  hash: string | undefined;
  /** Of the first error, if there is one. */
  code: string | undefined;
  /** As thrown; the context is closed with the first of them. */
  errors: readonly unknown[];
  /** Those of them that are our fault. */
  unexpected: readonly unknown[];
}

/** What belongs to a request rather than to its question. */
export interface Asking {
  type: AnswerType;
  requestId: string;
  /** Told what the operation costs before it runs; what it throws is the answer to the request as a whole. */
  charge?: (points: number) => void;
  /** Whether the answer says what it cost. */
  explain?: boolean;
}

export interface Engine<C extends BaseContext> {
  run(question: Question, asking: Asking, context: C): Promise<Outcome>;
  stop(): Promise<void>;
}

/** More errors than this say nothing new: a list of 10,000 can fail 10,000 times in the same way. */
const MOST_ANSWERED_ERRORS = 100;

interface Call extends TranslateOptions, Asking {
  cost: Cost | undefined;
  status: number;
  retryAfter: number | undefined;
  code: string | undefined;
  errors: readonly unknown[];
  unexpected: unknown[];
  operationName: string | undefined;
  hash: string | undefined;
  answered: boolean;
  /** What a plugin threw; Apollo would hide it. */
  thrown: unknown;
}

/** Apollo hands the request object through untouched, so it identifies the call in every hook. */
const calls = new WeakMap<object, Call>();

export async function startEngine<C extends BaseContext>(options: EngineOptions<C>): Promise<Engine<C>> {
  const apollo = new ApolloServer<C>({
    schema: options.schema,
    nodeEnv: 'production',
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: true,
    introspection: true,
    persistedQueries: false,
    allowBatchedHttpRequests: false,
    csrfPrevention: true,
    stopOnTerminationSignals: false,
    documentStore: new BoundedDocuments(),
    parseOptions: PARSE_LIMITS,
    validationRules: [limitsRule],
    validationOptions: { maxErrors: MOST_ERRORS },
    executionOptions: { maxCoercionErrors: MOST_ERRORS },
    ...(options.stringifyResult ? { stringifyResult: options.stringifyResult } : {}),
    logger: quiet(options.logger),
    plugins: [
      ApolloServerPluginCacheControlDisabled(), // wraps every resolver otherwise: 12-27 % of the time of a request
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(), // loads code from a CDN
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      housePlugin<C>(),
      { serverWillStart: async () => ({ drainServer: options.drain }) },
      ...(options.plugins ?? []),
    ],
  });
  await apollo.start();
  return {
    run: (question, asking, context) => run(apollo, question, asking, context, options.constraintMessage),
    stop: () => apollo.stop(),
  };
}

async function run<C extends BaseContext>(
  apollo: ApolloServer<C>,
  { isTrusted: _, ...question }: Question,
  asking: Asking,
  context: C,
  constraintMessage: TranslateOptions['constraintMessage'],
): Promise<Outcome> {
  const { type } = asking;
  const request: HTTPGraphQLRequest = {
    method: 'POST',
    headers: new HeaderMap([
      ['content-type', JSON_TYPE],
      ['accept', type],
    ]),
    search: '',
    body: question,
  };
  const call: Call = {
    ...asking,
    ...(constraintMessage ? { constraintMessage } : {}),
    cost: undefined,
    status: 200,
    retryAfter: undefined,
    code: undefined,
    errors: [],
    unexpected: [],
    operationName: undefined,
    hash: undefined,
    answered: false,
    thrown: undefined,
  };
  calls.set(request, call);
  const response = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: request,
    context: async () => context,
  });
  if (call.thrown !== undefined) throw call.thrown;
  if (!call.answered || response.body.kind !== 'complete') {
    throw new Error('Apollo Server answered outside its pipeline.');
  }
  return {
    status: call.status,
    body: response.body.string,
    headers: {
      'content-type': `${type}; charset=utf-8`,
      ...(call.retryAfter === undefined ? {} : { 'retry-after': String(call.retryAfter) }),
    },
    operationName: call.operationName,
    hash: call.hash,
    code: call.code,
    errors: call.errors,
    unexpected: call.unexpected,
  };
}

function housePlugin<C extends BaseContext>(): ApolloServerPlugin<C> {
  return {
    unexpectedErrorProcessingRequest: async ({ requestContext, error }) => {
      const call = requestContext.request.http && calls.get(requestContext.request.http);
      if (call) call.thrown = error;
    },
    requestDidStart: async () => ({
      didResolveOperation: async ({ schema, document, operation, request }) => {
        const call = request.http && calls.get(request.http);
        if (!operation) return; // graphql-js says so
        if (operation.operation === 'subscription') {
          throw invalid('query', 'This server answers queries and mutations; it has no subscriptions.');
        }
        const cost = costOf({ schema, document, operation, variables: request.variables ?? {} });
        if (call) charge(call, cost);
      },
      willSendResponse: async (context) => {
        const call = context.request.http && calls.get(context.request.http);
        if (call) finish(call, context);
      },
    }),
  };
}

/** Too many questions are refused like a request that never was one: with 429 whatever the client accepts. */
function charge(call: Call, cost: Cost): void {
  call.cost = cost;
  try {
    call.charge?.(cost.points);
  } catch (error) {
    call.thrown = error;
    throw error;
  }
}

/** Translates the errors, with the request id that formatError cannot know, and decides on the status. */
function finish<C extends BaseContext>(call: Call, context: GraphQLRequestContext<C>): void {
  call.answered = true;
  call.operationName = context.operationName ?? undefined;
  call.hash = context.queryHash?.slice(0, 16);
  const body = context.response.body;
  if (body?.kind !== 'single') return;
  const result = body.singleResult;
  if (call.explain && call.cost) result.extensions = { ...result.extensions, cost: explained(call.cost) };
  const tooLong = isLonger(result.data, MOST_CHARACTERS) ? [answerTooLong()] : [];
  if (tooLong.length > 0) delete result.data;
  if (!result.errors?.length && tooLong.length === 0) return;
  call.errors = tooLong.length > 0 ? tooLong : context.errors?.length ? context.errors : result.errors!;
  const said = call.errors.slice(0, MOST_ANSWERED_ERRORS).map((error) => {
    const one = translate(error, call);
    if (one.unexpected) call.unexpected.push(error);
    return one;
  });
  const first = said[0]!;
  call.code = first.code;
  result.errors = said.map((one) => one.error).concat(leftOut(call));
  // A mutation document is all or nothing: the context rolls back, so no part of it may look as if it had been done.
  if (context.operation?.operation === 'mutation' && result.data != null) result.data = null;
  // No `data` means that the request failed as a whole. application/json promises 200 for whatever was well formed.
  if (result.data === undefined && call.type !== JSON_TYPE) call.status = first.status;
  call.retryAfter = said.find((one) => one.retryAfter !== undefined)?.retryAfter;
}

/** In points, as headers count them. */
const explained = ({ points, nodes }: Cost) => ({ requested: points, nodes });

/** What a client can hold, and what several at once do not bring the server down with. */
const MOST_CHARACTERS = 20_000_000;

const answerTooLong = (): Error =>
  limited(
    `This answer has more than ${MOST_CHARACTERS / 1_000_000} million characters; ask for smaller pages or fewer fields.`,
    {
      rule: 'answer-length',
    },
  );

/** Whether the texts of a result, and as much again for each name and sign between them, exceed a length. */
function isLonger(data: unknown, limit: number): boolean {
  let left = limit;
  if (data instanceof JsonText) return data.text.length > limit;
  const walk = (value: unknown): boolean => {
    if (typeof value === 'string') left -= value.length + 8;
    else if (typeof value !== 'object' || value === null) left -= 8;
    else for (const inner of Array.isArray(value) ? value : Object.values(value)) if (walk(inner)) return true;
    return left < 0;
  };
  return walk(data);
}

function leftOut(call: Call): GraphQLFormattedError[] {
  const count = call.errors.length - MOST_ANSWERED_ERRORS;
  if (count <= 0) return [];
  const message = `${count} more errors of this question are left out.`;
  return [{ message, extensions: { code: call.code, retryable: false, requestId: call.requestId } }];
}

/** Apollo writes what plugins throw as text, which may quote a value; we log those ourselves, so only warnings pass. */
function quiet(logger: Logger) {
  const nothing = () => undefined;
  return {
    debug: nothing,
    info: nothing,
    warn: (message?: unknown) => logger.warn({ from: 'apollo' }, String(message).slice(0, 200)),
    error: nothing,
  };
}
