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
import type { GraphQLError, GraphQLFormattedError, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import type { Logger } from 'pino';
import { invalid, limited } from '../errors.js';
import { QuestionsAskedBefore, type AskedBefore } from './asked-before.js';
import type { Tally } from '../observe/tally.js';
import type { Question } from './body.js';
import { costOf, type Asked, type Cost } from './cost.js';
import { BoundedDocuments } from './documents.js';
import { explained } from './explained.js';
import { limitsRule, MOST_ERRORS, PARSE_LIMITS } from './limits.js';
import { JsonText } from '../planner/json-text.js';
import { GRAPHQL_RESPONSE, JSON_TYPE, type AnswerType } from './request.js';
import { translate, type TranslateOptions } from './translate.js';

export interface EngineOptions<C extends BaseContext> {
  schema: GraphQLSchema;
  logger: Logger;
  constraintMessage?: TranslateOptions['constraintMessage'];
  /** The planner lives in one of these. */
  plugins?: ApolloServerPlugin<C>[];
  stringifyResult?: ApolloServerOptions<C>['stringifyResult'];
  /**
   * Answers what one of the plugins answered before with text, in the same way and without the rest of Apollo's pipeline
   * (asked-before.ts); undefined: it must go that way after all. Needs `stringifyResult`.
   */
  answerAgain?: (asked: Asked, context: C) => Promise<Result | undefined>;
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
  /** And how long it took; not for everybody, see explained.ts. */
  timed?: boolean;
  /** What it takes is counted here; its type and the rule of its first error are noted. */
  tally?: Tally;
}

/** The answer to an operation, before it is text; `data` may be text already. */
export interface Result {
  data?: unknown;
  errors?: readonly GraphQLError[];
  extensions?: Record<string, unknown>;
}

export interface Engine<C extends BaseContext> {
  run(question: Question, asking: Asking, context: C): Promise<Outcome>;
  stop(): Promise<void>;
}

/** More errors than this say nothing new: a list of 10,000 can fail 10,000 times in the same way. */
const MOST_ANSWERED_ERRORS = 100;

/**
 * What is known of one operation while it runs. A class, and nothing is spread into it: an object that is put together from others is described anew
 * by V8 for each request, in the old heap, where all that it holds stays until the whole heap is collected.
 */
class Call implements TranslateOptions, Asking {
  readonly type: AnswerType;
  readonly requestId: string;
  readonly charge: Asking['charge'];
  readonly explain: boolean | undefined;
  readonly timed: boolean | undefined;
  readonly tally: Tally | undefined;
  cost: Cost | undefined;
  status = 200;
  retryAfter: number | undefined;
  code: string | undefined;
  errors: readonly unknown[] = [];
  unexpected: unknown[] = [];
  operationName: string | undefined;
  hash: string | undefined;
  answered = false;
  /** What a plugin threw; Apollo would hide it. */
  thrown: unknown;

  constructor(
    readonly question: Question,
    { type, requestId, charge, explain, timed, tally }: Asking,
    readonly constraintMessage: TranslateOptions['constraintMessage'],
  ) {
    this.type = type;
    this.requestId = requestId;
    this.charge = charge;
    this.explain = explain;
    this.timed = timed;
    this.tally = tally;
  }

  outcome(body: string): Outcome {
    const headers: Record<string, string> = { 'content-type': CONTENT_TYPES[this.type] };
    if (this.retryAfter !== undefined) headers['retry-after'] = String(this.retryAfter);
    const { status, operationName, hash, code, errors, unexpected } = this;
    return { status, body, headers, operationName, hash, code, errors, unexpected };
  }
}

const CONTENT_TYPES: Record<AnswerType, string> = {
  [JSON_TYPE]: `${JSON_TYPE}; charset=utf-8`,
  [GRAPHQL_RESPONSE]: `${GRAPHQL_RESPONSE}; charset=utf-8`,
};

/** Apollo hands the request object through untouched, so it identifies the call in every hook. */
const calls = new WeakMap<object, Call>();

export async function startEngine<C extends BaseContext>(options: EngineOptions<C>): Promise<Engine<C>> {
  const before = new QuestionsAskedBefore();
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
      housePlugin<C>(before),
      { serverWillStart: async () => ({ drainServer: options.drain }) },
      ...(options.plugins ?? []),
    ],
  });
  await apollo.start();
  return {
    run: async (question, asking, context) => {
      const call = new Call(question, asking, options.constraintMessage);
      const asked = options.answerAgain && before.find(question);
      return (asked && (await again(options, asked, call, context))) ?? run(apollo, call, context);
    },
    stop: () => apollo.stop(),
  };
}

/** What was answered by a plan before. Undefined: Apollo must answer, and says what is wrong if that is why. */
async function again<C extends BaseContext>(
  { schema, answerAgain, stringifyResult }: EngineOptions<C>,
  { document, operation, queryHash }: AskedBefore,
  call: Call,
  context: C,
): Promise<Outcome | undefined> {
  const asked = { schema, document, operation, variables: call.question.variables ?? {} };
  let cost: Cost;
  try {
    cost = costOf(asked);
  } catch {
    return undefined;
  }
  call.cost = cost;
  call.charge?.(cost.points);
  const answer = await answerAgain!(asked, context);
  if (!answer) return undefined;
  const result = answer as FormattedResult;
  finish(call, { operation, queryHash, errors: answer.errors, result });
  return call.outcome(await stringifyResult!(result as never));
}

async function run<C extends BaseContext>(apollo: ApolloServer<C>, call: Call, context: C): Promise<Outcome> {
  const { isTrusted: _, ...question } = call.question;
  const request: HTTPGraphQLRequest = {
    method: 'POST',
    headers: new HeaderMap([
      ['content-type', JSON_TYPE],
      ['accept', call.type],
    ]),
    search: '',
    body: question,
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
  return call.outcome(response.body.string);
}

function housePlugin<C extends BaseContext>(before: QuestionsAskedBefore): ApolloServerPlugin<C> {
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
        if (call) finishInApollo(call, context, before);
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

function finishInApollo<C extends BaseContext>(
  call: Call,
  { operation, document, queryHash, errors, response: { body } }: GraphQLRequestContext<C>,
  before: QuestionsAskedBefore,
): void {
  const result = body?.kind === 'single' ? body.singleResult : undefined;
  if (result?.data instanceof JsonText && document && operation && queryHash)
    before.keep(call.question, { document, operation, queryHash });
  finish(call, { operation, queryHash, errors, result });
}

interface FormattedResult {
  data?: unknown;
  errors?: readonly GraphQLFormattedError[];
  extensions?: Record<string, unknown>;
}

interface Finished {
  operation: OperationDefinitionNode | undefined;
  queryHash: string | undefined;
  /** As thrown, if Apollo knows them. */
  errors: readonly unknown[] | undefined;
  /** Changed in place. Absent: not one answer. */
  result: FormattedResult | undefined;
}

/** Translates the errors, with the request id that formatError cannot know, and decides on the status. */
function finish(call: Call, { operation, queryHash, errors, result }: Finished): void {
  call.answered = true;
  call.operationName = operation?.name?.value;
  call.hash = queryHash?.slice(0, 16);
  if (call.tally) [call.tally.type, call.tally.rule] = [operation?.operation, undefined];
  if (!result) return;
  if (call.explain && call.cost) result.extensions = { ...result.extensions, cost: explained(call.cost, call) };
  const tooLong = isLonger(result.data, MOST_CHARACTERS) ? [answerTooLong()] : [];
  if (tooLong.length > 0) delete result.data;
  if (!result.errors?.length && tooLong.length === 0) return;
  call.errors = tooLong.length > 0 ? tooLong : errors?.length ? errors : result.errors!;
  const said = call.errors.slice(0, MOST_ANSWERED_ERRORS).map((error) => {
    const one = translate(error, call);
    if (one.unexpected) call.unexpected.push(error);
    return one;
  });
  const first = said[0]!;
  call.code = first.code;
  if (call.tally) call.tally.rule = first.error.extensions?.rule as string | undefined;
  result.errors = said.map((one) => one.error).concat(leftOut(call));
  // A mutation document is all or nothing: the context rolls back, so no part of it may look as if it had been done.
  if (operation?.operation === 'mutation' && result.data != null) result.data = null;
  // No `data` means that the request failed as a whole. application/json promises 200 for whatever was well formed.
  if (result.data === undefined && call.type !== JSON_TYPE) call.status = first.status;
  call.retryAfter = said.find((one) => one.retryAfter !== undefined)?.retryAfter;
}

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
